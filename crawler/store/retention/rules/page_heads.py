"""Heads of answers for pages that are not kept: status stays, header lines and redirects go.

The log commits to them, so what opens the commitment goes too: such a decision can be shown afterwards, and
proves nothing. Its place in the log stays, and the log says that it was erased.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Row, select

from crawler.retention.model import Candidate, Taken
from crawler.store.retention.erasing import empty_evidence, empty_heads, erase_salts, positions
from crawler.store.retention.marks import Fate, is_kept, is_old, location_kinds
from crawler.store.retention.pieces import mark_pieces
from crawler.store.retention.rule import CHUNK, Due, Removal, Rule
from crawler.store.schema import decision, document, log_entry, observation
from reservations.model import RESPONSE

NAME = "page_heads"


def _candidates(connection: Connection, due: Due) -> Iterator[Sequence[Candidate]]:
    mark_pieces(connection, due, NAME, lambda kind: kind == RESPONSE)
    after = 0
    while True:
        rows = connection.execute(_decisions(due, after)).all()
        heads = _heads(connection, [row for row in rows if not is_kept(row)])
        found = [_candidate(due, row, heads[row.id]) for row in rows if heads.get(row.id)]
        yield [item for item in found if item is not None]
        if len(rows) < CHUNK:
            return
        after = rows[-1].id


def _candidate(due: Due, row: Row[Any], heads: list[Row[Any]]) -> Candidate | None:
    marks = due.marks().of(head.id for head in heads)
    old = all(is_old(marks[head.id], head.fetched_at, due.before) for head in heads)
    if not old or any(mark.fate is Fate.NEEDED for mark in marks.values()):
        return None
    held = frozenset(hold for mark in marks.values() for hold in mark.held)
    size = sum(len(head.fields) + len(head.redirects) + len(head.details) for head in heads)
    return Candidate(key=row.id, bytes=size, at=row.decided_at, held=held)


def _remove(connection: Connection, removal: Removal) -> Taken:
    rows = connection.execute(
        select(decision.c.id, decision.c.observations).where(decision.c.id.in_(removal.keys))
    ).all()
    heads = {head.id: head for found in _heads(connection, rows).values() for head in found}
    digests = {head.evidence_sha256 for head in heads.values() if head.kind == RESPONSE}
    items = (
        *erase_salts(connection, removal.keys),
        *empty_heads(connection, sorted(heads), addresses=False),
        *empty_evidence(connection, removal.marks().free(NAME, sorted(digests))),
    )
    return Taken(items=items, rows=len(rows), erased=positions(items))


def _heads(connection: Connection, rows: Sequence[Any]) -> dict[int, list[Row[Any]]]:
    """What was read of the page itself for each decision."""
    numbers = {row.id: json.loads(row.observations) for row in rows}
    wanted = sorted({number for each in numbers.values() for number in each})
    found: dict[int, Row[Any]] = {}
    for start in range(0, len(wanted), CHUNK):
        of_pages = observation.c.kind.not_in(location_kinds())
        some = observation.c.id.in_(wanted[start : start + CHUNK])
        found |= {row.id: row for row in connection.execute(select(observation).where(some, of_pages))}
    return {key: [found[n] for n in each if n in found] for key, each in numbers.items()}


def _decisions(due: Due, after: int) -> Any:
    """Old decisions that the log can still open."""
    names = ("id", "verdict", "decided_at", "observations")
    return (
        select(*(decision.c[name] for name in names), document.c.withdrawn_at)
        .join(log_entry, log_entry.c.decision_id == decision.c.id)
        .outerjoin(document, document.c.decision_id == decision.c.id)
        .where(decision.c.id > after, decision.c.decided_at < due.before)
        .where(log_entry.c.salt.is_not(None))
        .order_by(decision.c.id)
        .limit(CHUNK)
    )


RULE = Rule(
    name=NAME,
    words="header lines of pages that are not kept; the log cannot prove their decisions any more",
    candidates=_candidates,
    remove=_remove,
)

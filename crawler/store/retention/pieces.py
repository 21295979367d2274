"""Evidence that no decision needs any more: its bytes go once all that were observed are old and free."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select

from crawler.retention.holds import held_by
from crawler.retention.model import Candidate
from crawler.store.columns import iso
from crawler.store.retention.marks import CHUNK, Fate, Mark, Piece, about_observation, is_old
from crawler.store.retention.rule import Due
from crawler.store.schema import evidence, observation

OfRule = Callable[[str], bool]
"""Whether a kind of evidence is the rule's."""


def mark_pieces(connection: Connection, due: Due, rule: str, is_of_rule: OfRule) -> None:
    """Mark every piece of evidence for a rule, in one pass over what was observed."""
    marks, after = due.marks(), 0
    while True:
        rows = connection.execute(_observations(after)).all()
        known = marks.of(row.id for row in rows)
        marks.add_pieces(rule, (_piece(row, known[row.id], due, is_of_rule) for row in rows))
        if len(rows) < CHUNK:
            return
        after = rows[-1].id


def pieces(connection: Connection, due: Due, rule: str, is_of_rule: OfRule) -> Iterator[Sequence[Candidate]]:
    """What a rule may remove of the evidence, by digest."""
    mark_pieces(connection, due, rule, is_of_rule)
    for page in due.marks().pieces(rule):
        yield [
            Candidate(
                key=piece.sha256, bytes=piece.bytes, at=datetime.fromisoformat(piece.at), held=piece.held
            )
            for piece in page
        ]


def _piece(row: Row[Any], mark: Mark, due: Due, is_of_rule: OfRule) -> Piece:
    held = mark.held | held_by(due.holds, about_observation(row))
    fate = mark.fate
    if not is_of_rule(row.kind) or not is_old(mark, row.fetched_at, due.before):
        fate = Fate.NEEDED
    elif held:
        fate = max(fate, Fate.HELD)
    return Piece(sha256=row.evidence_sha256, fate=fate, bytes=row.length, at=iso(row.fetched_at), held=held)


def _observations(after: int) -> Any:
    names = ("id", "kind", "url", "crawl_id", "evidence_sha256", "fetched_at")
    return (
        select(*(observation.c[name] for name in names), evidence.c.length)
        .join(evidence, evidence.c.sha256 == observation.c.evidence_sha256)
        .where(observation.c.id > after, evidence.c.length > 0, func.length(evidence.c.content) > 0)
        .order_by(observation.c.id)
        .limit(CHUNK)
    )

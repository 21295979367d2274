"""Why a URL was taken or left: every decision about it, with the evidence that was read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, Connection, Row, bindparam, select

from crawler.store.places import url_hash
from crawler.store.queries.decisions import CHUNK, DecisionRow, RowReader, Warc, decision_columns
from crawler.store.schema import decision, evidence, observation


@dataclass(frozen=True, slots=True, kw_only=True)
class WhyFilter:
    """Which decisions about which URL."""

    url: str
    at: datetime | None = None
    """The decision in force at that time, only; None: all of them."""
    before: int | None = None
    """Cursor: the id of the oldest decision already seen."""
    limit: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservationRow:
    """One thing that was asked for, and what came back."""

    id: int
    kind: str
    url: str
    outcome: str
    status: int | None
    why: str
    fetched_at: datetime
    sha256: str
    length: int
    fields: tuple[tuple[str, str], ...]
    redirects: tuple[tuple[int, str], ...]
    details: tuple[tuple[str, str], ...]
    """What is known beside the answer: that a 304 confirmed it, and which fields that brought."""
    warc: Warc | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """A decision with everything it rests on, in the order it was read."""

    decision: DecisionRow
    observations: tuple[ObservationRow, ...]


# Made once: to make a statement takes longer than its answer.
_IDS: BindParameter[int] = bindparam("ids", expanding=True)
_OF_URL = decision_columns().order_by(decision.c.id.desc())
_OBSERVATIONS = select(decision.c.id, decision.c.observations).where(decision.c.id.in_(_IDS))
_SEEN = (
    select(observation, evidence.c.length)
    .join(evidence, evidence.c.sha256 == observation.c.evidence_sha256)
    .where(observation.c.id.in_(_IDS))
)


def why(connection: Connection, wanted: WhyFilter) -> tuple[Explained, ...]:
    """Decisions about a URL, the newest first. A fragment makes no difference."""
    statement = _OF_URL.where(decision.c.url_hash == url_hash(wanted.url))
    if wanted.before is not None:
        statement = statement.where(decision.c.id < wanted.before)
    if wanted.at is not None:
        statement = statement.where(decision.c.decided_at <= wanted.at)
    page = _page(wanted.url)
    limit = 1 if wanted.at is not None else wanted.limit
    rows = [r for r in RowReader(connection).rows(statement.limit(limit)) if _page(r.url) == page]
    seen = _observed(connection, [row.id for row in rows])
    return tuple(Explained(decision=row, observations=seen[row.id]) for row in rows)


def observations(connection: Connection, decision_id: int) -> tuple[ObservationRow, ...]:
    """What a decision rests on, in the order it was read."""
    return _observed(connection, [decision_id]).get(decision_id, ())


def _observed(connection: Connection, ids: Sequence[int]) -> dict[int, tuple[ObservationRow, ...]]:
    """What decisions rest on, asked for together: a page decided about a hundred times rests on few files."""
    texts = connection.execute(_OBSERVATIONS, {"ids": list(ids)})
    numbers: dict[int, list[int]] = {row.id: json.loads(row.observations) for row in texts}
    wanted = sorted({number for each in numbers.values() for number in each})
    by_id: dict[int, ObservationRow] = {}
    for start in range(0, len(wanted), CHUNK):
        rows = connection.execute(_SEEN, {"ids": wanted[start : start + CHUNK]})
        by_id |= {row.id: _observation(row) for row in rows}
    return {number: tuple(by_id[n] for n in each if n in by_id) for number, each in numbers.items()}


def evidence_content(connection: Connection, sha256: str) -> bytes | None:
    """The bytes of a piece of evidence; None where the record has none of that digest."""
    return connection.scalar(select(evidence.c.content).where(evidence.c.sha256 == sha256))


def _page(url: str) -> str:
    return url.partition("#")[0]


def _observation(row: Row[Any]) -> ObservationRow:
    place = (
        Warc(file=row.warc_file, offset=row.warc_offset, length=row.warc_length) if row.warc_file else None
    )
    return ObservationRow(
        id=row.id,
        kind=row.kind,
        url=row.url,
        outcome=row.outcome,
        status=row.status,
        why=row.why,
        fetched_at=row.fetched_at,
        sha256=row.evidence_sha256,
        length=row.length,
        fields=tuple((name, value) for name, value in json.loads(row.fields)),
        redirects=tuple((status, location) for status, location in json.loads(row.redirects)),
        details=tuple((name, value) for name, value in json.loads(row.details)),
        warc=place,
    )

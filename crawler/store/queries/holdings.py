"""Everything the record holds about one domain, in the form in which it is handed over."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select

from crawler.retention.model import Redaction
from crawler.store.places import site_of
from crawler.store.queries.decisions import Warc
from crawler.store.queries.files import origins
from crawler.store.queries.retention import removed_evidence
from crawler.store.schema import NOT_OF_A_PAGE, decision, evidence, observation

CHUNK = 500
"""Ids in one statement, and pieces of evidence in memory at a time."""
OF_A_BODY = frozenset({"image-xmp", "pdf-xmp", "epub-opf", "c2pa-assertions", "text", "rsl-embedded"})
"""Kinds of evidence that were taken out of a page's own body."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """One thing that was asked for, with the bytes that are kept of what came back."""

    id: int
    kind: str
    url: str
    outcome: str
    status: int | None
    why: str
    fetched_at: datetime
    sha256: str
    content: bytes
    warc: Warc | None


def last_observation(connection: Connection) -> int:
    """The number of the newest observation; 0 where there is none."""
    return connection.scalar(select(func.max(observation.c.id))) or 0


def holdings(
    connection: Connection, domain: str, *, after: int = 0, upto: int | None = None
) -> Iterator[Holding]:
    """What decisions about a domain rest on, and its location files, each once, in their order.

    `after` and `upto` are numbers of holdings: from behind one, and to one.
    """
    found = _numbers(connection, domain)
    numbers = sorted(n for n in found if n > after and (upto is None or n <= upto))
    for start in range(0, len(numbers), CHUNK):
        rows = connection.execute(
            select(observation, evidence.c.content)
            .join(evidence, evidence.c.sha256 == observation.c.evidence_sha256)
            .where(observation.c.id.in_(numbers[start : start + CHUNK]))
            .order_by(observation.c.id)
        ).all()
        yield from _holdings(connection, rows)


def files_in_force(connection: Connection, host: str, at: datetime) -> Iterator[Holding]:
    """The location files of a host as they were last seen up to a moment, by origin and kind."""
    for origin in sorted(origins(connection, [host])):
        mine = (observation.c.origin == origin, NOT_OF_A_PAGE, observation.c.fetched_at <= at)
        newest = (
            select(func.max(observation.c.id)).where(*mine).group_by(observation.c.kind, observation.c.url)
        )
        rows = connection.execute(
            select(observation, evidence.c.content)
            .join(evidence, evidence.c.sha256 == observation.c.evidence_sha256)
            .where(observation.c.id.in_(newest))
            .order_by(observation.c.kind, observation.c.id)
        ).all()
        yield from _holdings(connection, [row for row in rows if row.kind not in OF_A_BODY])


def _numbers(connection: Connection, domain: str) -> set[int]:
    found: set[int] = set()
    origins: set[str] = set()
    rows = connection.execute(
        select(decision.c.url, decision.c.observations).where(decision.c.domain == domain)
    )
    for url, numbers in rows:
        found.update(json.loads(numbers))
        origins.add(site_of(url).origin)
    for origin in sorted(origins):
        files = select(observation.c.id).where(observation.c.origin == origin, NOT_OF_A_PAGE)
        found.update(connection.scalars(files))
    return found


def _holdings(connection: Connection, rows: Sequence[Row[Any]]) -> Iterator[Holding]:
    gone = removed_evidence(connection, (row.evidence_sha256 for row in rows if not row.content))
    return (_holding(row, gone.get(row.evidence_sha256)) for row in rows)


def _holding(row: Row[Any], gone: Redaction | None) -> Holding:
    file = row.warc_file
    return Holding(
        id=row.id,
        kind=row.kind,
        url=row.url,
        outcome=row.outcome,
        status=row.status,
        why=row.why if gone is None else f"removed on {gone.removed_at:%d %B %Y}: {gone.reason}",
        fetched_at=row.fetched_at,
        sha256=row.evidence_sha256,
        content=row.content,
        warc=Warc(file=file, offset=row.warc_offset, length=row.warc_length) if file else None,
    )

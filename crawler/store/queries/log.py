"""The log's own rows: entries, checkpoints, and what still waits for its place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, func, select

from crawler.store.model import CrawlStatus
from crawler.store.schema import checkpoint, crawl, decision, log_entry

CHUNK = 1024
"""Rows read at a time: four tiles."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryRow:
    """An entry of the log, with what opens its commitment."""

    position: int
    kind: str
    leaf_hash: bytes
    entry: bytes
    salt: bytes | None
    decision_id: int | None
    crawl_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointRow:
    """A checkpoint that was signed."""

    tree_size: int
    root_hash: bytes
    note: str
    created_at: datetime


def waiting_decisions(connection: Connection, limit: int) -> list[int]:
    """Decisions that have no entry yet, in the order they were recorded.

    Ids are given out and committed in order by the one writer, so they are those behind the last entry's.
    """
    return list(connection.scalars(_waiting(select(decision.c.id)).order_by(decision.c.id).limit(limit)))


def waiting(connection: Connection) -> tuple[int, datetime | None]:
    """How many decisions have no entry yet, and when the oldest of them fell."""
    count, oldest = connection.execute(_waiting(select(func.count(), func.min(decision.c.decided_at)))).one()
    return int(count), oldest


def waiting_crawls(connection: Connection) -> list[int]:
    """Crawls that have ended and have no entry yet."""
    logged = select(log_entry.c.crawl_id).where(log_entry.c.crawl_id.is_not(None))
    ended = crawl.c.status != CrawlStatus.RUNNING.value
    return list(
        connection.scalars(select(crawl.c.id).where(ended, crawl.c.id.not_in(logged)).order_by(crawl.c.id))
    )


def passed_over(connection: Connection) -> list[tuple[int, str]]:
    """Decisions without an entry though later ones have theirs, with their URLs: there should be none."""
    rows = connection.execute(
        select(decision.c.id, decision.c.url)
        .outerjoin(log_entry, log_entry.c.decision_id == decision.c.id)
        .where(log_entry.c.position.is_(None), decision.c.id <= _last())
        .order_by(decision.c.id)
        .limit(CHUNK)
    )
    return [(row.id, row.url) for row in rows]


def log_size(connection: Connection) -> int:
    """How many entries there are; the position of the next one."""
    return int(connection.scalar(select(func.coalesce(func.max(log_entry.c.position) + 1, 0))) or 0)


def entries(connection: Connection, start: int = 0) -> Iterator[list[EntryRow]]:
    """Entries from a position on, CHUNK at a time."""
    while True:
        rows = connection.execute(
            select(*(log_entry.c[name] for name in EntryRow.__slots__))
            .where(log_entry.c.position >= start)
            .order_by(log_entry.c.position)
            .limit(CHUNK)
        ).all()
        if rows:
            yield [EntryRow(**row._mapping) for row in rows]
        if len(rows) < CHUNK:
            return
        start = rows[-1].position + 1


def entry_of(connection: Connection, decision_id: int) -> EntryRow | None:
    """The entry of a decision; None where it waits for one."""
    columns = (log_entry.c[name] for name in EntryRow.__slots__)
    row = connection.execute(select(*columns).where(log_entry.c.decision_id == decision_id)).one_or_none()
    return None if row is None else EntryRow(**row._mapping)


def entry_at(connection: Connection, position: int) -> EntryRow | None:
    """The entry of a place."""
    columns = (log_entry.c[name] for name in EntryRow.__slots__)
    row = connection.execute(select(*columns).where(log_entry.c.position == position)).one_or_none()
    return None if row is None else EntryRow(**row._mapping)


def entries_of_kind(connection: Connection, kind: str) -> list[bytes]:
    """The entries of that kind, in order."""
    rows = select(log_entry.c.entry).where(log_entry.c.kind == kind).order_by(log_entry.c.position)
    return list(connection.scalars(rows))


def checkpoints(connection: Connection) -> list[CheckpointRow]:
    """Every checkpoint that was signed, the smallest tree first."""
    rows = connection.execute(
        select(*(checkpoint.c[name] for name in CheckpointRow.__slots__)).order_by(checkpoint.c.tree_size)
    )
    return [CheckpointRow(**row._mapping) for row in rows]


def last_checkpoint(connection: Connection) -> CheckpointRow | None:
    """The newest checkpoint."""
    columns = (checkpoint.c[name] for name in CheckpointRow.__slots__)
    row = connection.execute(select(*columns).order_by(checkpoint.c.tree_size.desc()).limit(1)).one_or_none()
    return None if row is None else CheckpointRow(**row._mapping)


def _last() -> Any:
    return select(func.coalesce(func.max(log_entry.c.decision_id), 0)).scalar_subquery()


def _waiting(columns: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    return columns.select_from(decision).where(decision.c.id > _last())

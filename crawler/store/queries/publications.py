"""What was published about ourselves, when, and what changed: the versions and their notices."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from crawler.store.schema import notice, publication


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """One version of what we say about ourselves."""

    number: int
    """Counts from 1: `policy 12`."""
    sha256: str
    canonical: str
    published_at: datetime
    effective_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One announced change, as the feeds carry it."""

    number: int
    """Of the publication it belongs to."""
    entry_id: str
    category: str
    title: str
    changes: tuple[tuple[str, str, str], ...]
    """What it is about, before, after; empty for the first version."""
    published_at: datetime
    effective_at: datetime


def publications(connection: Connection) -> tuple[Publication, ...]:
    """All versions, oldest first."""
    return tuple(
        Publication(
            number=row.id,
            sha256=row.sha256,
            canonical=row.canonical,
            published_at=row.published_at,
            effective_at=row.effective_at,
        )
        for row in connection.execute(select(publication).order_by(publication.c.id))
    )


def notices(connection: Connection) -> tuple[Notice, ...]:
    """All notices, newest first."""
    return tuple(
        Notice(
            number=row.publication_id,
            entry_id=row.entry_id,
            category=row.category,
            title=row.title,
            changes=tuple((a, b, c) for a, b, c in json.loads(row.changes)),
            published_at=row.published_at,
            effective_at=row.effective_at,
        )
        for row in connection.execute(select(notice).order_by(notice.c.id.desc()))
    )


def in_force(versions: Iterable[Publication], now: datetime) -> Publication | None:
    """The version that holds at a moment: the last one whose day has come."""
    return next((v for v in sorted(versions, key=lambda v: -v.number) if v.effective_at <= now), None)

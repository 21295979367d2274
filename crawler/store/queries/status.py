"""The record as a whole: since when, until when, how much, and how the newest crawl stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from crawler.store.desk import audit
from crawler.store.schema import crawl, decision, policy_version, publication, reservation


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordStatus:
    """How far the record reaches."""

    crawls: int
    begun: datetime | None
    """When the first crawl began."""
    until: datetime | None
    """When the last decision fell."""
    decisions: int
    """The number of the last decision, which is how many there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CrawlRow:
    """A crawl and how it stands."""

    id: int
    started_at: datetime
    ended_at: datetime | None
    status: str
    policy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyRow:
    """Terms that decisions fell under."""

    id: str
    canonical: str
    first_used: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordVersion:
    """Two that are equal mean that a public answer is the same."""

    grown: tuple[object, ...]
    """What a crawl moves on."""
    told: tuple[object, ...]
    """What a person's act moves on: a withdrawal, an ownership, a publication."""


_VERSION = select(
    func.coalesce(func.max(crawl.c.id), 0),
    func.count(crawl.c.ended_at),
    *(select(func.max(table.c.id)).scalar_subquery() for table in (decision, audit, publication)),
)


def record_version(connection: Connection) -> RecordVersion:
    """Which version of itself the record is; a few index look-ups in one statement."""
    row = connection.execute(_VERSION).one()
    return RecordVersion(grown=tuple(row[:3]), told=tuple(row[3:]))


def record_status(connection: Connection) -> RecordStatus:
    """How far the record reaches; two index look-ups, whatever its size."""
    crawls, begun = connection.execute(select(func.count(), func.min(crawl.c.started_at))).one()
    last = connection.execute(
        select(decision.c.id, decision.c.decided_at).order_by(decision.c.id.desc()).limit(1)
    ).one_or_none()
    return RecordStatus(
        crawls=crawls,
        begun=begun,
        until=last.decided_at if last else None,
        decisions=last.id if last else 0,
    )


def newest_crawl(connection: Connection) -> CrawlRow | None:
    """The crawl that began last."""
    row = connection.execute(select(crawl).order_by(crawl.c.id.desc()).limit(1)).one_or_none()
    if row is None:
        return None
    return CrawlRow(
        id=row.id,
        started_at=row.started_at,
        ended_at=row.ended_at,
        status=row.status,
        policy=row.policy_id,
    )


def policies(connection: Connection) -> tuple[PolicyRow, ...]:
    """Every set of terms, the newest first."""
    rows = connection.execute(select(policy_version).order_by(policy_version.c.first_used.desc()))
    return tuple(PolicyRow(id=r.id, canonical=r.canonical, first_used=r.first_used) for r in rows)


def reserving_domains(connection: Connection) -> int:
    """Domains of which a reservation was seen that has not ended."""
    return (
        connection.scalar(
            select(func.count(reservation.c.domain.distinct())).where(reservation.c.ended_at.is_(None))
        )
        or 0
    )

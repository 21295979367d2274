"""Decisions of a crawl over time, counted by the second, minute, hour or day they fell in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import Enum
from typing import Any

from sqlalchemy import ColumnElement, Connection, String, func, select, type_coerce

from crawler.store.queries.sums import counted_upto
from crawler.store.schema import decision
from crawler.store.summary import hour_decisions

_FIRST = "0001-01-01T00:00:00"


class Unit(Enum):
    """How finely time is counted: as many characters of an ISO 8601 time as tell it."""

    DAY = 10
    HOUR = 13
    MINUTE = 16
    SECOND = 19


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """How many decisions fell in one unit of time for one reason."""

    at: datetime
    verdict: str
    reason: str
    decisions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """When a crawl's decisions fell."""

    first: datetime
    last: datetime
    decisions: int
    domains: int


def span(connection: Connection, crawl_id: int) -> Span | None:
    """First and last decision of a crawl; None where there is none."""
    when = decision.c.decided_at
    row = connection.execute(
        select(
            func.min(when).label("first"),
            func.max(when).label("last"),
            func.count().label("number"),
            func.count(decision.c.domain.distinct()).label("domains"),
        ).where(decision.c.crawl_id == crawl_id)
    ).one()
    if not row.number:
        return None
    return Span(first=row.first, last=row.last, decisions=row.number, domains=row.domains)


def timeline(connection: Connection, crawl_id: int, unit: Unit) -> Iterator[Moment]:
    """Decisions by time, verdict and first reason, in the order of time."""
    at = _cut(connection, unit)
    rows = connection.execute(
        select(at.label("at"), decision.c.verdict, decision.c.reason, func.count().label("number"))
        .where(decision.c.crawl_id == crawl_id)
        .group_by(at, decision.c.verdict, decision.c.reason)
        .order_by(at, decision.c.verdict, decision.c.reason)
    )
    for row in rows:
        moment = datetime.fromisoformat(row.at + _FIRST[len(row.at) :]).replace(tzinfo=UTC)
        yield Moment(at=moment, verdict=row.verdict, reason=row.reason, decisions=row.number)


def days_of_record(connection: Connection) -> list[date]:
    """Days (UTC) on which something was decided, in order."""
    table = hour_decisions.c
    day = func.substr(table.hour, 1, Unit.DAY.value)
    found = {str(value) for value in connection.scalars(select(day).distinct())}
    since = decision.c.id > counted_upto(connection)
    at = _cut(connection, Unit.DAY)
    found.update(str(value) for value in connection.scalars(select(at).where(since).distinct()))
    return sorted(date.fromisoformat(value) for value in found)


def _cut(connection: Connection, unit: Unit) -> ColumnElement[Any]:
    """The time as text, as far as the unit goes: SQLite keeps it so, PostgreSQL is asked for it."""
    when: ColumnElement[Any] = type_coerce(decision.c.decided_at, String)
    if connection.dialect.name == "postgresql":
        when = func.to_char(func.timezone("UTC", decision.c.decided_at), 'YYYY-MM-DD"T"HH24:MI:SS')
    return func.substr(when, 1, unit.value)

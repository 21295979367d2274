"""What the staff watch: pace, reasons by day, who excludes most, who waits, and any decision by filter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from sqlalchemy import ColumnElement, Connection, String, case, cast, func, select

from crawler.store.queries.decisions import (
    DecisionFilter,
    DecisionRow,
    RowReader,
    along_domain,
    conditions,
    decision_columns,
    numbers,
)
from crawler.store.queries.ways import number_bounds
from crawler.store.schema import decision

PAGE = 100
"""Decisions shown where nothing else is asked for."""
WINDOW = 200_000
"""Decisions counted at most, the newest: a page for people has seconds, and a large record millions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """Decisions of one hour or one day that came out one way."""

    when: str
    """`2026-11-24T06` or `2026-11-24`, in UTC."""
    verdict: str
    reason: str
    decisions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Excluding:
    """A domain with the pages left out of it in one crawl."""

    domain: str
    reason: str
    decisions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A host with pages that could not be settled, and why."""

    host: str
    reason: str
    since: datetime
    pages: int


def first_since(connection: Connection, when: datetime) -> int:
    """The number of the first decision at or after a moment: decisions are recorded nearly in order,
    so halving finds it without an index on time."""
    low, high = 0, connection.scalar(select(func.max(decision.c.id))) or 0
    while low < high:
        middle = (low + high) // 2
        found = connection.execute(
            select(decision.c.decided_at).where(decision.c.id > middle).order_by(decision.c.id).limit(1)
        ).scalar()
        if found is None or found >= when:
            high = middle
        else:
            low = middle + 1
    return low


def window_start(connection: Connection) -> int:
    """The number of the oldest decision that is counted."""
    return max(0, (connection.scalar(select(func.max(decision.c.id))) or 0) - WINDOW) + 1


def buckets(connection: Connection, since: datetime, *, hours: bool) -> tuple[Bucket, ...]:
    """Decisions by hour or by day, verdict and reason, from a moment on."""
    when = _bucket(connection, 13 if hours else 10).label("bucket")
    reason = func.max(decision.c.reason) if hours else decision.c.reason
    start = max(first_since(connection, since), window_start(connection))
    group = [when, decision.c.verdict] + ([] if hours else [decision.c.reason])
    rows = connection.execute(
        select(when, decision.c.verdict, reason.label("reason"), func.count().label("decisions"))
        .where(decision.c.id >= start, decision.c.decided_at >= since)
        .group_by(*group)
        .order_by(when)
    )
    return tuple(
        Bucket(when=r.bucket, verdict=r.verdict, reason=r.reason, decisions=r.decisions) for r in rows
    )


def top_excluding(connection: Connection, crawl_id: int, limit: int = 10) -> tuple[Excluding, ...]:
    """Domains with most decisions to leave out in a crawl, each with its most frequent reason."""
    counted = (
        select(decision.c.domain, decision.c.reason, func.count().label("number"))
        .where(*_counted(connection, crawl_id), decision.c.verdict == "exclude")
        .group_by(decision.c.domain, decision.c.reason)
        .subquery()
    )
    ranked = select(
        counted.c.domain,
        counted.c.reason,
        func.sum(counted.c.number).over(partition_by=counted.c.domain).label("decisions"),
        func.row_number()
        .over(partition_by=counted.c.domain, order_by=(counted.c.number.desc(), counted.c.reason))
        .label("rank"),
    ).subquery()
    rows = connection.execute(
        select(ranked)
        .where(ranked.c.rank == 1)
        .order_by(ranked.c.decisions.desc(), ranked.c.domain)
        .limit(limit)
    )
    return tuple(Excluding(domain=r.domain, reason=r.reason, decisions=int(r.decisions)) for r in rows)


def waiting(connection: Connection, crawl_id: int, limit: int = 50) -> tuple[Waiting, ...]:
    """Hosts with pages whose latest decision in a crawl is to wait, longest first."""
    latest = (
        select(func.max(decision.c.id).label("id"))
        .where(*_counted(connection, crawl_id))
        .group_by(decision.c.url_hash)
        .subquery()
    )
    rows = connection.execute(
        select(
            decision.c.host,
            decision.c.reason,
            func.min(decision.c.decided_at).label("since"),
            func.count().label("pages"),
        )
        .join(latest, latest.c.id == decision.c.id)
        .where(decision.c.verdict == "defer")
        .group_by(decision.c.host, decision.c.reason)
        .order_by(func.min(decision.c.decided_at))
        .limit(limit)
    )
    return tuple(Waiting(**row._mapping) for row in rows)


def crawl_verdicts(connection: Connection, crawl_id: int) -> dict[str, int]:
    """Decisions of a crawl by verdict."""
    rows = connection.execute(
        select(decision.c.verdict, func.count().label("number"))
        .where(*_counted(connection, crawl_id))
        .group_by(decision.c.verdict)
    )
    return {row.verdict: row.number for row in rows}


def kept_without_evidence(connection: Connection, crawl_id: int) -> int:
    """Decisions to keep that rest on nothing read; there must be none."""
    return (
        connection.scalar(
            select(func.sum(case((decision.c.observations == "[]", 1), else_=0))).where(
                *_counted(connection, crawl_id), decision.c.verdict == "keep"
            )
        )
        or 0
    )


def newest_decisions(
    connection: Connection, wanted: DecisionFilter, *, stage: str = "", before: int | None = None
) -> Iterator[DecisionRow]:
    """Decisions that match, the newest first; `wanted.limit` of them."""
    wanted = along_domain(connection, wanted)
    bounds = number_bounds(connection, wanted.since, wanted.until)
    if before is not None:
        bounds = (*bounds, decision.c.id < before)
    statement = decision_columns().where(*conditions(wanted), *bounds).order_by(decision.c.id.desc())
    if stage:
        statement = statement.where(decision.c.stage == stage)
    reader, left = RowReader(connection), wanted.limit or PAGE
    found = numbers(connection, wanted, bounds, newest_first=True)
    if found is None:
        yield from reader.rows(statement.limit(left))
        return
    while left and (some := list(islice(found, max(left, PAGE)))):
        rows = reader.rows(statement.where(decision.c.id.in_(some)).limit(left))
        yield from rows
        left -= len(rows)


def _counted(connection: Connection, crawl_id: int) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    # The plus keeps SQLite from the index on crawls, which would fetch each row out of order:
    # https://sqlite.org/optoverview.html#disqualifying_where_clause_terms_using_unary_
    return decision.c.id >= window_start(connection), decision.c.crawl_id + 0 == crawl_id


def _bucket(connection: Connection, digits: int) -> ColumnElement[str]:
    if connection.dialect.name == "postgresql":
        pattern = 'YYYY-MM-DD"T"HH24' if digits == 13 else "YYYY-MM-DD"
        return func.to_char(func.timezone("UTC", decision.c.decided_at), pattern)
    return func.substr(cast(decision.c.decided_at, String), 1, digits)

"""How the pages of a site stand: each once, by the latest decision about it, and who came for them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice

from sqlalchemy import ColumnElement, Connection, Subquery, case, func, select

from crawler.store.queries.decisions import DecisionRow, RowReader, decision_columns
from crawler.store.queries.lookup import LookupFilter, sums_of
from crawler.store.queries.site import SiteSums, Sum
from crawler.store.queries.ways import numbers_of_keys
from crawler.store.schema import crawler_identity, decision, document
from reservations.model import Stage

ASKED = (Stage.HEADERS.value, Stage.BODY.value, Stage.RECHECK.value)
"""Stages that are reached only by asking for the page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageCount:
    """Pages whose latest decision came out one way."""

    verdict: str
    reason: str
    pages: int
    first: datetime
    """The first decision by which one of the site's pages came to stand so."""
    last: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Taking:
    """Pages of which a copy was kept at some time, whatever became of it."""

    pages: int
    first: datetime | None
    last: datetime | None
    withdrawn: datetime | None
    """When a copy was last withdrawn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """An identity that asked for pages of a site."""

    user_agent: str
    requests: int
    """Pages asked for; rights files are counted with their own history."""
    first: datetime
    last: datetime


def first_of(connection: Connection, wanted: LookupFilter, most: int) -> LookupFilter:
    """The same question, of at most so many decisions where a folder has more: the first by address.

    Whole hosts are not narrowed, and no folder of which sums are kept.
    """
    if sums_of(connection, wanted) is not None:
        return wanted
    beyond = select(decision.c.lookup_key).where(within(wanted)).order_by(decision.c.lookup_key)
    key = connection.scalar(beyond.limit(1).offset(most))
    return wanted if key is None else replace(wanted, before=key)


def page_counts(
    connection: Connection, wanted: LookupFilter, sums: SiteSums | None = None
) -> tuple[PageCount, ...]:
    """Pages by verdict and reason of their latest decision, the most frequent first.

    A bound of one crawl, settled at the frontier, counts only for a page nothing else was decided about.
    """
    if (sums := sums or sums_of(connection, wanted)) is not None:
        found = sums.pages().items()
        return tuple(
            PageCount(verdict=key[0], reason=key[1], pages=v.number, first=v.first, last=v.last)
            for key, v in sorted(found, key=lambda pair: (-pair[1].number, pair[0]))
        )
    latest = _latest(wanted)
    group = (decision.c.verdict, decision.c.reason)
    when = decision.c.decided_at
    rows = connection.execute(
        select(
            *group, func.count().label("pages"), func.min(when).label("first"), func.max(when).label("last")
        )
        .join(latest, latest.c.id == decision.c.id)
        .group_by(*group)
        .order_by(func.count().desc(), *group)
    )
    return tuple(PageCount(**row._mapping) for row in rows)


def taking(connection: Connection, wanted: LookupFilter, sums: SiteSums | None = None) -> Taking:
    """What was ever kept of a site."""
    if (sums := sums or sums_of(connection, wanted)) is not None:
        found = sums.documents
        return Taking(**{name: found[name] for name in Taking.__slots__})
    row = connection.execute(
        select(
            func.count(document.c.url_hash.distinct()).label("pages"),
            func.min(document.c.kept_at).label("first"),
            func.max(document.c.kept_at).label("last"),
            func.max(document.c.withdrawn_at).label("withdrawn"),
        )
        .select_from(document.join(decision, decision.c.id == document.c.decision_id))
        .where(within(wanted))
    ).one()
    return Taking(**row._mapping)


def withdrawn(connection: Connection, decision_id: int) -> datetime | None:
    """When the copy that a decision kept was withdrawn; None where it was not, or none was kept."""
    return connection.scalar(select(document.c.withdrawn_at).where(document.c.decision_id == decision_id))


def visitors(
    connection: Connection, wanted: LookupFilter, sums: SiteSums | None = None
) -> tuple[Visitor, ...]:
    """Who asked the site for pages, the newest first."""
    if (sums := sums or sums_of(connection, wanted)) is not None:
        return tuple(_visitors(connection, sums.visits()))
    when = decision.c.decided_at
    asked = decision.c.stage.in_(ASKED)
    rows = connection.execute(
        select(
            crawler_identity.c.user_agent,
            func.sum(case((asked, 1), else_=0)).label("requests"),
            func.min(when).label("first"),
            func.max(when).label("last"),
        )
        .select_from(decision.join(crawler_identity, crawler_identity.c.id == decision.c.identity_id))
        .where(within(wanted))
        .group_by(crawler_identity.c.user_agent)
        .order_by(func.max(when).desc())
    )
    return tuple(Visitor(**dict(row._mapping) | {"requests": int(row.requests)}) for row in rows)


def example(
    connection: Connection, wanted: LookupFilter, verdict: str, reason: str, sums: SiteSums | None = None
) -> DecisionRow | None:
    """The newest decision about the site that came out so, to show what it rests on."""
    if (sums := sums or sums_of(connection, wanted)) is not None:
        number = sums.newest(verdict, reason)
        return next(iter(RowReader(connection).rows(decision_columns().where(decision.c.id == number))), None)
    statement = (
        decision_columns()
        .where(within(wanted), decision.c.verdict == verdict, decision.c.reason == reason)
        .order_by(decision.c.id.desc())
        .limit(1)
    )
    return next(iter(RowReader(connection).rows(statement)), None)


def hosts(
    connection: Connection, wanted: LookupFilter, sums: SiteSums | None = None, *, limit: int = 200
) -> tuple[str, ...]:
    """Hosts of the site about which something was decided."""
    if (sums := sums or sums_of(connection, wanted)) is not None:
        return sums.hosts(limit)
    rows = connection.scalars(
        select(decision.c.host).where(within(wanted)).distinct().order_by(decision.c.host).limit(limit)
    )
    return tuple(rows)


def decisions_within(
    connection: Connection, wanted: LookupFilter, *, after: int = 0, limit: int = 1000
) -> Iterator[DecisionRow]:
    """Decisions about a site in the order they were recorded, a page of them."""
    statement = decision_columns().order_by(decision.c.id)
    sites = wanted.sites
    if sites is not None and sites.domain == wanted.host and not wanted.is_prefix:
        # All of a domain lies in the index on domains, in the order that is wanted.
        mine = (decision.c.domain == sites.domain, decision.c.id > after, within(wanted))
        statement = statement.where(*mine).limit(limit)
    else:
        numbers = numbers_of_keys(connection, wanted.keys, decision.c.id > after, most=limit)
        statement = statement.where(decision.c.id.in_(list(islice(numbers, limit))))
    yield from RowReader(connection).rows(statement)


def within(wanted: LookupFilter) -> ColumnElement[bool]:
    """The decisions about a host with what lies below it, or about a prefix."""
    start, end = wanted.keys
    return (decision.c.lookup_key >= start) & (decision.c.lookup_key < end)


def _visitors(connection: Connection, visits: dict[tuple[str, int], Sum]) -> Iterator[Visitor]:
    agents = dict(
        connection.execute(
            select(crawler_identity.c.id, crawler_identity.c.user_agent).where(
                crawler_identity.c.id.in_({number for _, number in visits})
            )
        ).all()
    )
    found: dict[str, Sum] = {}
    for (stage, number), value in visits.items():
        asked = value.number if stage in ASKED else 0
        known = found.setdefault(agents[number], Sum(number=0, first=value.first, last=value.last))
        known.number += asked
        known.first, known.last = min(known.first, value.first), max(known.last, value.last)
    for agent, total in sorted(found.items(), key=lambda pair: pair[1].last, reverse=True):
        yield Visitor(user_agent=agent, requests=total.number, first=total.first, last=total.last)


def _latest(wanted: LookupFilter) -> Subquery:
    settled = case((decision.c.stage != Stage.FRONTIER.value, decision.c.id))
    return (
        select(func.coalesce(func.max(settled), func.max(decision.c.id)).label("id"))
        .where(within(wanted))
        .group_by(decision.c.url_hash)
        .subquery()
    )

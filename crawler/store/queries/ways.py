"""The way to decisions in a large record: by which index, and between which numbers, they are read in order.

Decisions are always given in the order of their numbers. Where no index has both what is asked for and that
order, the numbers are found first, from the index alone, and the rows are fetched by them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from heapq import merge
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, select

from crawler.store.columns import iso
from crawler.store.places import domain_range, reversed_host
from crawler.store.queries.sums import HOUR, counted_upto
from crawler.store.schema import decision
from crawler.store.summary import hour_decisions, site_decisions

MANY = 20_000
"""Decisions of a host whose numbers are sorted in a few milliseconds."""
SHARE = 50
"""Decisions of its domain for one of the host, beyond which too many others lie between."""
RUN = 250_000
"""Numbers found at a time: two megabytes of them."""
_number = decision.c.id


def number_bounds(
    connection: Connection, since: datetime | None, until: datetime | None
) -> tuple[ColumnElement[bool], ...]:
    """Numbers of decisions between two times lie between these: sums know the first and last of each hour.

    Times themselves are compared by the caller.
    """
    bounds: list[ColumnElement[bool]] = []
    upto = 0 if since is None and until is None else counted_upto(connection)
    if since is not None:
        from_then = select(func.min(hour_decisions.c.first_id)).where(
            hour_decisions.c.hour >= iso(since)[:HOUR]
        )
        bounds.append(_number >= min(connection.scalar(from_then) or upto + 1, upto + 1))
    if until is not None:
        to_then = select(func.max(hour_decisions.c.last_id)).where(
            hour_decisions.c.hour <= iso(until - timedelta(microseconds=1))[:HOUR]
        )
        newer = select(func.max(_number)).where(_number > upto, decision.c.decided_at < until)
        bounds.append(_number <= max(connection.scalar(to_then) or 0, connection.scalar(newer) or 0))
    return tuple(bounds)


def host_keys(host: str) -> tuple[str, str]:
    """The range of lookup keys of one host, without those below it."""
    site = reversed_host(host)
    return site + ")", site + "*"


def is_met_along_domain(connection: Connection, host: str, domain: str) -> bool:
    """Whether a host is so large, beside its domain, that a page of it is found soonest along the domain.

    The numbers of a host's decisions have to be sorted; those of a domain's lie in order, with other hosts'
    between them.
    """
    of_host = _decisions_within(connection, host_keys(host))
    return of_host > MANY and _decisions_within(connection, domain_range(domain)) <= SHARE * of_host


def _decisions_within(connection: Connection, sites: tuple[str, str]) -> int:
    start, end = sites
    c = site_decisions.c
    return int(connection.scalar(select(func.sum(c.decisions)).where(c.site >= start, c.site < end)) or 0)


def numbers_of_keys(
    connection: Connection,
    keys: tuple[str, str],
    *bounds: ColumnElement[bool],
    newest_first: bool = False,
    most: int = RUN,
) -> Iterator[int]:
    """Numbers of the decisions in a range of lookup keys, in order; `most` in the first run."""
    start, end = keys
    # `+ 0` keeps databases from walking the whole table in order, hoping to meet the range.
    number = _number + 0
    found = select(_number).where(decision.c.lookup_key >= start, decision.c.lookup_key < end, *bounds)
    found = found.order_by(number.desc() if newest_first else number).limit(most)
    yield from _runs(connection, found, number, most, newest_first=newest_first)


def numbers_of_reasons(
    connection: Connection,
    beginning: str,
    *bounds: ColumnElement[bool],
    newest_first: bool = False,
    most: int = RUN,
) -> Iterator[int]:
    """Numbers of the decisions with a first reason of this code or below it, in order."""
    ways = []
    for code in reasons_under(connection, beginning):
        found = select(_number).where(decision.c.reason == code, *bounds)
        found = found.order_by(_number.desc() if newest_first else _number).limit(most)
        ways.append(_runs(connection, found, _number, most, newest_first=newest_first))
    return merge(*ways, reverse=newest_first)


def reasons_under(connection: Connection, beginning: str) -> list[str]:
    """First reasons of the record that are this code or below it: one step in the index for each."""
    found = [code for code in _reasons(connection) if code == beginning or code.startswith(beginning + ".")]
    return sorted(found)


def _reasons(connection: Connection) -> Iterator[str]:
    code = connection.scalar(select(func.min(decision.c.reason)))
    while code is not None:
        yield code
        code = connection.scalar(select(func.min(decision.c.reason)).where(decision.c.reason > code))


def _runs(
    connection: Connection,
    found: Select[Any],
    number: ColumnElement[int],
    most: int,
    *,
    newest_first: bool,
) -> Iterator[int]:
    """The first run is as long as a page; where a caller goes on they grow, as each reads the range again."""
    run = connection.scalars(found).all()
    while run:
        yield from run
        if len(run) < most:
            return
        most = min(RUN, 10 * most)
        further = number < run[-1] if newest_first else number > run[-1]
        run = connection.scalars(found.where(further).limit(most)).all()

"""Domains: what is kept of each, which were never asked, and which left out most."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, case, func, select

from crawler.store.queries.asof import was_kept
from crawler.store.schema import decision, document
from reservations.model import Stage, Verdict

BEFORE_ANY_REQUEST = (Stage.FRONTIER.value, Stage.BEFORE_FETCH.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptFilter:
    """Which documents count: those kept at a moment of the record, and of these those kept in a time."""

    upto: int
    """The last decision that is looked at."""
    at: datetime
    """What was withdrawn by then does not count."""
    since: datetime | None = None
    until: datetime | None = None
    """Exclusive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptOf:
    """What is kept of one site in one media type. A body that is there twice counts once, at its first."""

    domain: str
    """Registrable domain; below a suffix that a company runs for its customers, the customer's."""
    media_type: str
    documents: int
    copies: int
    """Documents whose body is kept already."""
    bytes: int
    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NeverAsked:
    """A domain that links or seeds pointed to, of which no page was requested."""

    domain: str
    decisions: int
    reason: str
    """The most frequent one."""
    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """How many pages of a domain were left out, and mostly why."""

    domain: str
    decisions: int
    reason: str


def kept_domains(connection: Connection, wanted: KeptFilter) -> Iterator[KeptOf]:
    """Kept documents and bytes by domain and media type, in that order."""
    copy = func.row_number().over(partition_by=document.c.body_sha256, order_by=document.c.decision_id)
    names = ("domain", "media_type", "bytes", "kept_at")
    kept = (
        select(*(document.c[name] for name in names), copy.label("copy"))
        .where(was_kept(wanted.upto, wanted.at), *_within(wanted))
        .subquery()
    )
    first = kept.c.copy == 1
    rows = connection.execute(
        select(
            kept.c.domain,
            kept.c.media_type,
            func.count(case((first, 1))).label("documents"),
            func.count(case((~first, 1))).label("copies"),
            func.coalesce(func.sum(case((first, kept.c.bytes))), 0).label("bytes"),
            func.min(kept.c.kept_at).label("first"),
            func.max(kept.c.kept_at).label("last"),
        )
        .group_by(kept.c.domain, kept.c.media_type)
        .order_by(kept.c.domain, kept.c.media_type)
    )
    for row in rows:
        yield KeptOf(**dict(row._mapping) | {"bytes": int(row.bytes)})


def never_asked(connection: Connection, crawl_id: int | None = None) -> Iterator[NeverAsked]:
    """Domains of which nothing was requested, in the order of their names."""
    mine = () if crawl_id is None else (decision.c.crawl_id == crawl_id,)
    when = decision.c.decided_at
    asked = func.sum(case((decision.c.stage.in_(BEFORE_ANY_REQUEST), 0), else_=1))
    rows = connection.execute(
        select(
            decision.c.domain,
            func.count().label("decisions"),
            func.min(when).label("first"),
            func.max(when).label("last"),
        )
        .where(decision.c.domain != "", *mine)
        .group_by(decision.c.domain)
        .having(asked == 0)
        .order_by(decision.c.domain)
    ).all()
    reasons = _main_reasons(connection, mine)
    for row in rows:
        yield NeverAsked(**row._mapping, reason=reasons[row.domain])


def most_left_out(connection: Connection, crawl_id: int, limit: int = 10) -> tuple[LeftOut, ...]:
    """Domains with most pages left out in a crawl; failures of any kind leave nothing out."""
    mine = (
        decision.c.crawl_id == crawl_id,
        decision.c.verdict == Verdict.EXCLUDE.value,
        ~decision.c.reason.startswith("error."),
    )
    rows = connection.execute(
        select(decision.c.domain, func.count().label("decisions"))
        .where(*mine)
        .group_by(decision.c.domain)
        .order_by(func.count().desc(), decision.c.domain)
        .limit(limit)
    ).all()
    of_these = decision.c.domain.in_([row.domain for row in rows])
    reasons = _main_reasons(connection, (*mine, of_these))
    return tuple(LeftOut(**row._mapping, reason=reasons[row.domain]) for row in rows)


def _main_reasons(connection: Connection, conditions: tuple[ColumnElement[bool], ...]) -> dict[str, str]:
    rows = connection.execute(
        select(decision.c.domain, decision.c.reason, func.count().label("number"))
        .where(*conditions)
        .group_by(decision.c.domain, decision.c.reason)
        .order_by(decision.c.domain, func.count(), decision.c.reason.desc())
    )
    return {row.domain: row.reason for row in rows}


def _within(wanted: KeptFilter) -> Iterator[ColumnElement[bool]]:
    if wanted.since is not None:
        yield document.c.kept_at >= wanted.since
    if wanted.until is not None:
        yield document.c.kept_at < wanted.until

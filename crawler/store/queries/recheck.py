"""What is to be looked at again, the oldest look first, and what is known of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from heapq import merge
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Row, Select, func, or_, select, tuple_

from crawler.store.codec import evidence_from_row, reasons_from_json
from crawler.store.looks import DEFERRED, HELD
from crawler.store.places import domain_range, url_hash
from crawler.store.queries.asof import latest_verdict
from crawler.store.queries.holdings import OF_A_BODY
from crawler.store.schema import NOT_OF_A_PAGE, crawl, decision, document, evidence, observation
from reservations.model import (
    HTML_SIGNALS,
    RESPONSE,
    ROBOTS_TXT,
    Evidence,
    EvidenceRequest,
    Outcome,
    Reason,
    Stage,
    Verdict,
)
from reservations.protocols import discover
from reservations.readers.terms_page import KIND as TERMS

MAX_EARLIER = 50
"""Decisions about one URL that are searched for the last one that read the page."""
OF_A_PAGE = OF_A_BODY | {HTML_SIGNALS}
"""Kinds of evidence that come with the page itself, and are kept with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DueFilter:
    """Which documents are due; everything that is set must hold."""

    before: datetime
    """Last looked at before this."""
    retry_before: datetime
    """The same for what the last look could not tell."""
    hosts: tuple[str, ...] = ()
    """Hosts with everything below them; empty: all."""
    files_only: bool = False
    """Whether the files of sites are meant, and of pages only those that are kept now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A document to look at."""

    decision_id: int
    url: str
    kept_at: datetime
    at: datetime
    """The last look."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page as it was last read whole, and nothing reserved it."""

    head_id: int
    head: Evidence
    parts: tuple[tuple[int, Evidence], ...]
    """The signal extract, with the numbers of the observations that hold it."""
    terms: tuple[EvidenceRequest, ...]
    """The terms that its site linked."""
    media_type: str | None
    bytes: int | None
    body_sha256: str | None
    policy_id: str
    software: str
    """What took the extract out of the body."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the record says about a URL."""

    verdict: Verdict | None
    """The last one."""
    reasons: tuple[Reason, ...]
    kinds: dict[str, str]
    """Kind of evidence by digest, of what the last decision rests on."""
    page: Page | None


NOTHING = Known(verdict=None, reasons=(), kinds={}, page=None)


def due(connection: Connection, wanted: DueFilter, limit: int, after: Due | None = None) -> tuple[Due, ...]:
    """The next documents to look at, the oldest look first; `after` is the last one of the page before."""
    order = _order(wanted)
    late = [order < wanted.before]
    pages = [_page(connection, wanted, late, limit, after)]
    if wanted.retry_before > wanted.before and not wanted.files_only:
        unknown = [
            order >= wanted.before,
            order < wanted.retry_before,
            document.c.url_hash.in_(select(decision.c.url_hash).where(DEFERRED)),
            latest_verdict() == Verdict.DEFER.value,
        ]
        pages.append(_page(connection, wanted, unknown, limit, after))
    return tuple(merge(*pages, key=lambda row: (row.at, row.decision_id)))[:limit]


def count_due(connection: Connection, wanted: DueFilter) -> int:
    """How many documents are late."""
    conditions = (_order(wanted) < wanted.before, *_conditions(wanted))
    return int(connection.scalar(select(func.count()).select_from(document).where(*conditions)) or 0)


def known(connection: Connection, url: str) -> Known:
    """What the record says about a URL, for the next look at it."""
    rows = connection.execute(
        select(decision, crawl.c.software)
        .join(crawl, crawl.c.id == decision.c.crawl_id)
        .where(decision.c.url_hash == url_hash(url), decision.c.stage != Stage.FRONTIER.value)
        .order_by(decision.c.id.desc())
        .limit(MAX_EARLIER)
    ).all()
    if not rows:
        return NOTHING
    last = rows[0]
    return Known(
        verdict=Verdict(last.verdict),
        reasons=reasons_from_json(last.reasons),
        kinds={o.evidence_sha256: o.kind for o in _observations(connection, last)},
        page=_last_read(connection, url, rows),
    )


def files_of(connection: Connection, origin: str) -> tuple[Evidence, ...]:
    """The location files of an origin, those that the last request found and whose bytes are there."""
    mine = (observation.c.origin == origin, NOT_OF_A_PAGE, observation.c.kind.in_(_location_kinds()))
    newest = select(func.max(observation.c.id)).where(*mine).group_by(observation.c.kind, observation.c.url)
    rows = connection.execute(
        select(observation, evidence.c.content)
        .join(evidence, evidence.c.sha256 == observation.c.evidence_sha256)
        .where(observation.c.id.in_(newest), observation.c.outcome == Outcome.FOUND.value)
    ).all()
    found = (evidence_from_row(row, row.content) for row in rows)
    # What was removed from the record has other bytes than its digest says.
    return tuple(each for each, row in zip(found, rows, strict=True) if each.sha256 == row.evidence_sha256)


@cache
def _location_kinds() -> frozenset[str]:
    return frozenset({ROBOTS_TXT, *(location.kind for p in discover() for location in p.locations)})


def _order(wanted: DueFilter) -> Column[Any]:
    return document.c.files_at if wanted.files_only else document.c.looked_at


def _page(
    connection: Connection,
    wanted: DueFilter,
    conditions: list[ColumnElement[bool]],
    limit: int,
    after: Due | None,
) -> list[Due]:
    order = _order(wanted)
    names = (document.c.decision_id, document.c.url, document.c.kept_at, order.label("at"))
    statement: Select[*tuple[Any, ...]] = select(*names).where(*conditions, *_conditions(wanted))
    if after is not None:
        statement = statement.where(tuple_(order, document.c.decision_id) > (after.at, after.decision_id))
    rows = connection.execute(statement.order_by(order, document.c.decision_id).limit(limit))
    return [Due(**row._mapping) for row in rows]


def _conditions(wanted: DueFilter) -> Iterator[ColumnElement[bool]]:
    later = document.alias("later")
    yield HELD  # type: ignore[misc]
    yield ~(
        select(later.c.decision_id)
        .where(later.c.url_hash == document.c.url_hash, later.c.decision_id > document.c.decision_id)
        .correlate(document)
        .exists()
    )
    if wanted.files_only:
        yield latest_verdict() == Verdict.KEEP.value
    if wanted.hosts:
        key = decision.c.lookup_key
        ranges = map(domain_range, wanted.hosts)
        within = or_(*((key >= start) & (key < end) for start, end in ranges))
        yield document.c.decision_id.in_(select(decision.c.id).where(within))


def _observations(connection: Connection, row: Row[Any]) -> list[Row[Any]]:
    numbers = json.loads(row.observations)
    found = connection.execute(select(observation).where(observation.c.id.in_(numbers))).all()
    by_id = {each.id: each for each in found}
    return [by_id[number] for number in numbers if number in by_id]


def _last_read(connection: Connection, url: str, rows: Iterable[Row[Any]]) -> Page | None:
    """The page of the newest decision that kept it: its head and its extract are whole."""
    for row in rows:
        if row.verdict == Verdict.KEEP.value and (page := _page_of(connection, url, row)):
            return page
    return None


def _page_of(connection: Connection, url: str, row: Row[Any]) -> Page | None:
    seen = _observations(connection, row)
    own = [o for o in seen if o.url.partition("#")[0] == url.partition("#")[0]]
    heads = [o for o in own if o.kind == RESPONSE and o.status is not None and 200 <= o.status < 300]
    if not heads or row.body_sha256 is None:
        return None
    parts = [o for o in own if o.kind in OF_A_PAGE]
    content = _content(connection, [o.evidence_sha256 for o in parts])
    if any(o.evidence_sha256 not in content for o in parts):
        return None
    return Page(
        head_id=heads[0].id,
        head=evidence_from_row(heads[0], b""),
        parts=tuple((o.id, evidence_from_row(o, content[o.evidence_sha256])) for o in parts),
        terms=tuple(_terms(o) for o in seen if o.kind == TERMS),
        media_type=row.media_type,
        bytes=row.bytes,
        body_sha256=row.body_sha256,
        policy_id=row.policy_id,
        software=row.software,
    )


def _terms(row: Row[Any]) -> EvidenceRequest:
    linked = ("linked_from", "link")
    details = tuple((name, value) for name, value in json.loads(row.details) if name in linked)
    return EvidenceRequest(kind=row.kind, url=row.url, details=details)


def _content(connection: Connection, digests: list[str]) -> dict[str, bytes]:
    # What was removed must not be taken for a page that says nothing.
    whole = (evidence.c.length == 0) | (func.length(evidence.c.content) > 0)
    rows = connection.execute(
        select(evidence.c.sha256, evidence.c.content).where(evidence.c.sha256.in_(digests), whole)
    )
    return {row.sha256: row.content for row in rows}

"""Decisions, as a stream or a page: the rows that exports, the web and the command line show."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain, islice
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Connection, Select, bindparam, select
from sqlalchemy.engine import RowMapping

from blocklists.hostnames import registrable_domain
from crawler.store.codec import reasons_from_json
from crawler.store.places import key_range, lookup_key
from crawler.store.queries.ways import (
    RUN,
    host_keys,
    is_met_along_domain,
    number_bounds,
    numbers_of_keys,
    numbers_of_reasons,
)
from crawler.store.schema import crawler_identity, decision, document, observation
from reservations.model import Reason, Verdict

CHUNK = 1000
"""Rows fetched at a time, so that memory does not grow with the answer."""
DIGESTS = 20_000
"""Digests of observations kept in memory: a robots.txt is behind every decision of its origin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionFilter:
    """Which decisions; everything that is set must hold."""

    domain: str | None = None
    """Registrable domain."""
    host: str | None = None
    url_prefix: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    """Exclusive."""
    verdict: str | None = None
    reason: str | None = None
    """A reason code, or its first part: `robots` finds `robots.disallow`."""
    crawl_id: int | None = None
    after: int = 0
    """Cursor: the id of the last decision already seen."""
    limit: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Warc:
    """Where the document lies that a decision kept."""

    file: str
    offset: int
    length: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionRow:
    """One decision as it is shown."""

    id: int
    url: str
    via: str | None
    host: str
    domain: str
    decided_at: datetime
    stage: str
    verdict: str
    reason: str
    reasons: tuple[Reason, ...]
    crawl: int
    identity: str
    """Product token and the first digits of the identity's hash."""
    policy: str
    evidence: tuple[str, ...]
    """SHA-256 of what was read, in order, each once."""
    status: int | None
    bytes: int | None
    warc: Warc | None


def decisions(
    connection: Connection, wanted: DecisionFilter, *more: ColumnElement[bool]
) -> Iterator[DecisionRow]:
    """Decisions in the order they were recorded, in bounded memory."""
    wanted = along_domain(connection, wanted)
    bounds = number_bounds(connection, wanted.since, wanted.until)
    after = (*bounds, decision.c.id > wanted.after) if wanted.after else bounds
    statement = decision_columns().where(*conditions(wanted), *bounds, *more).order_by(decision.c.id)
    found = numbers(connection, wanted, after)
    size = CHUNK if wanted.limit is None else max(1, min(CHUNK, wanted.limit))
    if found is None:
        pages = _pages(connection, statement, wanted.after, size)
    else:
        pages = _pages_of(connection, statement, found, size)
    yield from islice(chain.from_iterable(pages), wanted.limit)


def along_domain(connection: Connection, wanted: DecisionFilter) -> DecisionFilter:
    """The same question; of a page of a large host with its domain named, along which the page is found."""
    host = wanted.host
    if host is None or wanted.domain or wanted.url_prefix is not None or wanted.limit is None:
        return wanted
    domain = registrable_domain(host) or host
    return replace(wanted, domain=domain) if is_met_along_domain(connection, host, domain) else wanted


def numbers(
    connection: Connection,
    wanted: DecisionFilter,
    bounds: tuple[ColumnElement[bool], ...],
    *,
    newest_first: bool = False,
) -> Iterator[int] | None:
    """Numbers of the decisions that may match, in order; None where an index has their rows in order."""
    # A page is found alone; of a stream, numbers are found for many pages at a time.
    most = RUN if wanted.limit is None else max(1, wanted.limit)
    if wanted.url_prefix is not None:
        keys = key_range(lookup_key(wanted.url_prefix))
        return numbers_of_keys(connection, keys, *bounds, newest_first=newest_first, most=most)
    if wanted.domain is not None or wanted.crawl_id is not None:
        return None
    if wanted.host is not None:
        keys = host_keys(wanted.host)
        return numbers_of_keys(connection, keys, *bounds, newest_first=newest_first, most=most)
    if wanted.reason is not None:
        return numbers_of_reasons(connection, wanted.reason, *bounds, newest_first=newest_first, most=most)
    return None


def _pages(
    connection: Connection, statement: Select[*tuple[Any, ...]], after: int, size: int
) -> Iterator[list[DecisionRow]]:
    reader = RowReader(connection)
    while page := reader.rows(statement.where(decision.c.id > after).limit(size)):
        yield page
        if len(page) < size:
            return
        after = page[-1].id


def _pages_of(
    connection: Connection, statement: Select[*tuple[Any, ...]], found: Iterator[int], size: int
) -> Iterator[list[DecisionRow]]:
    reader = RowReader(connection)
    while some := list(islice(found, size)):
        yield reader.rows(statement.where(decision.c.id.in_(some)))


_IDS: BindParameter[int] = bindparam("ids", expanding=True)
_DIGESTS_OF = select(observation.c.id, observation.c.evidence_sha256).where(observation.c.id.in_(_IDS))


class RowReader:
    """Turns rows of `COLUMNS` into decisions, looking digests up page by page."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._digests: dict[int, str] = {}

    def rows(self, statement: Select[*tuple[Any, ...]]) -> list[DecisionRow]:
        """The decisions a select of `decision_columns` gives."""
        found = self._connection.execute(statement).all()
        ids = [json.loads(row.observations) for row in found]
        self._look_up({number for numbers in ids for number in numbers})
        places = self._places([row.id for row in found if row.verdict == Verdict.KEEP.value])
        return [
            _row(row._mapping, self._evidence(numbers), places.get(row.id))
            for row, numbers in zip(found, ids, strict=True)
        ]

    def _places(self, kept: list[int]) -> dict[int, Warc]:
        # Asked apart: joined, PostgreSQL may read all documents up to a page that lies deep in the record.
        places: dict[int, Warc] = {}
        for start in range(0, len(kept), CHUNK):
            c = document.c
            statement = select(c.decision_id, c.warc_file, c.warc_offset, c.warc_length).where(
                c.decision_id.in_(kept[start : start + CHUNK])
            )
            for number, file, offset, length in self._connection.execute(statement):
                places[number] = Warc(file=file, offset=offset, length=length)
        return places

    def _look_up(self, numbers: set[int]) -> None:
        if len(self._digests) > DIGESTS:
            self._digests.clear()
        missing = sorted(numbers - self._digests.keys())
        for start in range(0, len(missing), CHUNK):
            chunk = missing[start : start + CHUNK]
            rows = self._connection.execute(_DIGESTS_OF, {"ids": chunk})
            self._digests.update((row.id, row.evidence_sha256) for row in rows)

    def _evidence(self, numbers: Iterable[int]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self._digests[n] for n in numbers if n in self._digests))


def decision_columns() -> Select[*tuple[Any, ...]]:
    """Everything a DecisionRow is made of, but for what `RowReader` looks up."""
    return select(
        decision, crawler_identity.c.product_token, crawler_identity.c.hash.label("identity_hash")
    ).join(crawler_identity, crawler_identity.c.id == decision.c.identity_id)


def conditions(wanted: DecisionFilter) -> Iterator[ColumnElement[bool]]:
    """What must hold of a row; which of it finds rows is said by `numbers`."""
    crawl: ColumnElement[int] = decision.c.crawl_id
    reason: ColumnElement[str] = decision.c.reason
    if wanted.domain is not None:
        # The domain leads to the rows: kept from other indexes, a small database takes no wrong one
        # (https://sqlite.org/optoverview.html#disqualifying_where_clause_terms_using_unary_).
        crawl, reason = crawl + 0, reason.concat("")
    for column, value in (
        (decision.c.domain, wanted.domain),
        (decision.c.host, wanted.host),
        (decision.c.verdict, wanted.verdict),
        (crawl, wanted.crawl_id),
    ):
        if value is not None:
            yield column == value
    if wanted.since is not None:
        yield decision.c.decided_at >= wanted.since
    if wanted.until is not None:
        yield decision.c.decided_at < wanted.until
    if wanted.url_prefix is not None:
        start, end = key_range(lookup_key(wanted.url_prefix))
        yield (decision.c.lookup_key >= start) & (decision.c.lookup_key < end)
    if wanted.reason is not None:
        yield (reason == wanted.reason) | reason.startswith(wanted.reason + ".", autoescape=True)


def _row(row: RowMapping, evidence: tuple[str, ...], warc: Warc | None) -> DecisionRow:
    return DecisionRow(
        id=row["id"],
        url=row["url"],
        via=row["via"],
        host=row["host"],
        domain=row["domain"],
        decided_at=row["decided_at"],
        stage=row["stage"],
        verdict=row["verdict"],
        reason=row["reason"],
        reasons=reasons_from_json(row["reasons"]),
        crawl=row["crawl_id"],
        identity=identity_name(row["product_token"], row["identity_hash"]),
        policy=row["policy_id"],
        evidence=evidence,
        status=row["status"],
        bytes=row["bytes"],
        warc=warc,
    )


def identity_name(token: str, digest: str) -> str:
    """How an identity is called: `ExampleBot-0123456789ab`."""
    return f"{token}-{digest[:12]}"

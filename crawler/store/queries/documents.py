"""What is kept now: not what was once kept, but what the latest look at each URL still allows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, islice
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, select, union

from crawler.store.places import key_range, lookup_key
from crawler.store.queries.asof import was_kept
from crawler.store.queries.ways import numbers_of_keys
from crawler.store.schema import decision, document
from reservations.model import Stage, Verdict

CHUNK = 1000
"""Rows fetched at a time, so that memory does not grow with the answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentFilter:
    """Which documents; everything that is set must hold."""

    domain: str | None = None
    url_prefix: str | None = None
    media_type: str | None = None
    after: int = 0
    """Cursor: the decision id of the last document already seen."""
    upto: int | None = None
    """As the record stood after this decision, and not as it stands now; `at` is set, too."""
    at: datetime | None = None
    limit: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptDocument:
    """A document that may be used, with the decision that kept it."""

    decision_id: int
    crawl_id: int
    url: str
    domain: str
    media_type: str
    bytes: int
    body_sha256: str
    warc_file: str
    warc_offset: int
    warc_length: int
    kept_at: datetime


def is_kept_now() -> ColumnElement[bool]:
    """The document was not withdrawn, is the last kept of its URL, and the URL's last verdict is keep.

    What was settled at the frontier is a bound of one crawl, and says nothing about the document.
    """
    later, last = document.alias("later"), decision.alias("last")
    latest = (
        select(last.c.verdict)
        .where(last.c.url_hash == document.c.url_hash, last.c.stage != Stage.FRONTIER.value)
        .order_by(last.c.id.desc())
        .limit(1)
        .correlate(document)
        .scalar_subquery()
    )
    replaced = (
        select(later.c.decision_id)
        .where(later.c.url_hash == document.c.url_hash, later.c.decision_id > document.c.decision_id)
        .correlate(document)
        .exists()
    )
    return document.c.withdrawn_at.is_(None) & ~replaced & (latest == Verdict.KEEP.value)


def kept_documents(connection: Connection, wanted: DocumentFilter) -> Iterator[KeptDocument]:
    """Documents that are kept now, in the order of their decisions, in bounded memory."""
    statement = (
        select(*(document.c[name] for name in KeptDocument.__slots__))
        .where(_is_kept(wanted), *_conditions(wanted))
        .order_by(document.c.decision_id)
    )
    pages = (
        _pages(connection, statement, wanted)
        if wanted.url_prefix is None
        else _below(connection, statement, wanted)
    )
    yield from islice(chain.from_iterable(pages), wanted.limit)


def _pages(
    connection: Connection, statement: Select[*tuple[Any, ...]], wanted: DocumentFilter
) -> Iterator[list[KeptDocument]]:
    after, size = wanted.after, CHUNK if wanted.limit is None else max(1, min(CHUNK, wanted.limit))
    while page := _rows(connection, statement.where(document.c.decision_id > after).limit(size)):
        yield page
        if len(page) < size:
            return
        after = page[-1].decision_id


def _below(
    connection: Connection, statement: Select[*tuple[Any, ...]], wanted: DocumentFilter
) -> Iterator[list[KeptDocument]]:
    """Documents below a URL prefix, by the numbers of the decisions about it."""
    keys = key_range(lookup_key(wanted.url_prefix or ""))
    numbers = numbers_of_keys(connection, keys, decision.c.id > wanted.after)
    while some := list(islice(numbers, CHUNK)):
        yield _rows(connection, statement.where(document.c.decision_id.in_(some)))


def _rows(connection: Connection, statement: Select[*tuple[Any, ...]]) -> list[KeptDocument]:
    return [KeptDocument(**row._mapping) for row in connection.execute(statement)]


def taken_back_since(connection: Connection, upto: int, at: datetime) -> int:
    """How many documents that were kept after decision `upto` were withdrawn or reserved since."""
    withdrawn = select(document.c.decision_id).where(
        document.c.withdrawn_at.is_not(None), document.c.withdrawn_at > at, document.c.decision_id <= upto
    )
    reserved = (
        select(document.c.decision_id)
        .join(decision, decision.c.url_hash == document.c.url_hash)
        .where(
            decision.c.id > upto,
            document.c.decision_id <= upto,
            decision.c.verdict != Verdict.KEEP.value,
            decision.c.stage != Stage.FRONTIER.value,
            was_kept(upto, at),
        )
    )
    both = union(withdrawn, reserved).subquery()
    return connection.scalar(select(func.count()).select_from(both)) or 0


def _is_kept(wanted: DocumentFilter) -> ColumnElement[bool]:
    if wanted.upto is None or wanted.at is None:
        return is_kept_now()
    return was_kept(wanted.upto, wanted.at)


def _conditions(wanted: DocumentFilter) -> Iterator[ColumnElement[bool]]:
    if wanted.domain is not None:
        yield document.c.domain == wanted.domain
    if wanted.media_type is not None:
        yield document.c.media_type == wanted.media_type

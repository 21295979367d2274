"""Documents that were taken back, and those that a withdrawal would take back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, func, select

from crawler.store.desk import complaint_decision
from crawler.store.places import key_range, lookup_key, url_hash
from crawler.store.queries.asof import latest_verdict
from crawler.store.queries.documents import is_kept_now
from crawler.store.schema import decision, document
from reservations.model import Verdict

CHUNK = 1000
"""Rows fetched at a time, so that memory does not grow with the answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawalFilter:
    """Which documents; everything that is set must hold."""

    url: str | None = None
    domain: str | None = None
    """Registrable domain."""
    url_prefix: str | None = None
    body_sha256: str | None = None
    complaint_id: int | None = None
    """Taken back because of this complaint."""
    reserved_since: bool = False
    """Only documents whose URL was left out by a later decision."""
    since: datetime | None = None
    """Withdrawn then or later."""
    until: datetime | None = None
    """Withdrawn before; exclusive."""
    after: int = 0
    """Cursor: the decision of the last document already seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawnRow:
    """A document with everything an earlier export may know it by."""

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
    withdrawn_at: datetime | None
    withdrawn_reason: str | None


def withdrawals(connection: Connection, wanted: WithdrawalFilter) -> Iterator[WithdrawnRow]:
    """Documents that were withdrawn, in the order of their decisions."""
    yield from _rows(connection, (document.c.withdrawn_at.is_not(None), *_conditions(wanted)))


def to_withdraw(connection: Connection, wanted: WithdrawalFilter) -> Iterator[WithdrawnRow]:
    """Documents a withdrawal would take back, earlier versions of a page too: an export may have them."""
    yield from _rows(connection, (document.c.withdrawn_at.is_(None), *_conditions(wanted)))


def kept_of(connection: Connection, decision_ids: list[int]) -> int:
    """How many of these documents are kept now."""
    kept = 0
    for start in range(0, len(decision_ids), CHUNK):
        some = document.c.decision_id.in_(decision_ids[start : start + CHUNK])
        kept += connection.scalar(select(func.count()).select_from(document).where(some, is_kept_now())) or 0
    return kept


def _rows(connection: Connection, conditions: tuple[ColumnElement[bool], ...]) -> Iterator[WithdrawnRow]:
    columns = select(*(document.c[name] for name in WithdrawnRow.__slots__)).where(*conditions)
    statement = columns.order_by(document.c.decision_id).limit(CHUNK)
    after = 0
    while True:
        rows = connection.execute(statement.where(document.c.decision_id > after)).all()
        for row in rows:
            yield WithdrawnRow(**row._mapping)
        if len(rows) < CHUNK:
            return
        after = rows[-1].decision_id


def _conditions(wanted: WithdrawalFilter) -> Iterator[ColumnElement[bool]]:
    if wanted.after:
        yield document.c.decision_id > wanted.after
    if wanted.url is not None:
        yield document.c.url_hash == url_hash(wanted.url)
    if wanted.domain is not None:
        yield document.c.domain == wanted.domain
    if wanted.body_sha256 is not None:
        yield document.c.body_sha256 == wanted.body_sha256
    if wanted.url_prefix is not None:
        start, end = key_range(lookup_key(wanted.url_prefix))
        keys = (decision.c.lookup_key >= start) & (decision.c.lookup_key < end)
        yield document.c.decision_id.in_(select(decision.c.id).where(keys))
    if wanted.complaint_id is not None:
        tied = complaint_decision.c
        mine = (tied.complaint_id == wanted.complaint_id, tied.withdrawn_at.is_not(None))
        yield document.c.decision_id.in_(select(tied.decision_id).where(*mine))
    if wanted.reserved_since:
        yield latest_verdict() == Verdict.EXCLUDE.value
    if wanted.since is not None:
        yield document.c.withdrawn_at >= wanted.since
    if wanted.until is not None:
        yield document.c.withdrawn_at < wanted.until

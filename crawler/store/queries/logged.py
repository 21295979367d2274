"""What the log's entries commit to: decisions and crawls, with every row they rest on."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, select
from sqlalchemy.exc import SQLAlchemyError

from crawler.store.queries.decisions import DecisionRow, RowReader, decision_columns
from crawler.store.queries.retention import removed_evidence
from crawler.store.schema import (
    crawl,
    crawler_identity,
    decision,
    document,
    evidence,
    observation,
    policy_version,
    publication,
)
from reservations.model import digest

CHUNK = 1000
REMEMBERED = 20_000
"""Observations kept in memory: a robots.txt is behind every decision of its origin."""


class UnreadableRowError(Exception):
    """A row is gone, or holds what no release ever wrote; the message says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedRow:
    """An observation, its lists as the JSON text that is stored."""

    id: int
    kind: str
    url: str
    outcome: str
    status: int | None
    why: str
    fetched_at: datetime
    evidence_sha256: str
    length: int
    fields: str
    redirects: str
    details: str
    warc_file: str | None
    warc_offset: int | None
    warc_length: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldDocument:
    """The document that a decision kept."""

    url: str
    url_hash: int
    bytes: int
    body_sha256: str
    withdrawn_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedDecision:
    """A decision with all that its entry commits to."""

    row: DecisionRow
    url_hash: int
    lookup_key: str
    reasons: str
    """JSON as stored: it says more than what is shown."""
    notes: str
    media_type: str | None
    attempt: int
    body_sha256: str | None
    software: str
    observations: tuple[ObservedRow, ...]
    document: HeldDocument | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedCrawl:
    """A crawl that has ended, with the terms it ran under."""

    id: int
    started_at: datetime
    ended_at: datetime | None
    command: str
    software: str
    config: str
    status: str
    keyid: str | None
    blocklist_set: str | None
    identity_hash: str
    product_token: str
    user_agent: str
    from_address: str
    info_url: str
    policy_id: str
    terms: str
    publication_sha256: str | None


class DecisionReader:
    """Reads decisions with everything committed to, remembering what many of them rest on."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._rows = RowReader(connection)
        self._observed: dict[int, ObservedRow] = {}

    def read(self, ids: Iterable[int]) -> dict[int, LoggedDecision | UnreadableRowError]:
        """The decisions of these ids; instead of one that cannot be read, the error that says why."""
        wanted = list(ids)
        try:
            found = self._read(wanted)
        except (SQLAlchemyError, ValueError, LookupError, TypeError) as error:
            if len(wanted) == 1:
                return {
                    wanted[0]: UnreadableRowError(f"decision {wanted[0]} cannot be read ({_said(error)})")
                }
            half = len(wanted) // 2
            return self.read(wanted[:half]) | self.read(wanted[half:])
        gone = {n: UnreadableRowError(f"decision {n} is gone") for n in wanted if n not in found}
        return {**found, **gone}

    def _read(self, ids: list[int]) -> dict[int, LoggedDecision]:
        shown = {row.id: row for row in self._rows.rows(decision_columns().where(decision.c.id.in_(ids)))}
        beside = self._connection.execute(_beside(ids)).all()
        numbers = {row.id: [int(n) for n in json.loads(row.observations)] for row in beside}
        self._look_up({n for each in numbers.values() for n in each})
        return {row.id: self._logged(row, shown[row.id], numbers[row.id]) for row in beside}

    def _look_up(self, numbers: set[int]) -> None:
        if len(self._observed) > REMEMBERED:
            self._observed.clear()
        missing = sorted(numbers - self._observed.keys())
        for start in range(0, len(missing), CHUNK):
            columns = (observation.c[n] for n in ObservedRow.__slots__ if n != "length")
            rows = self._connection.execute(
                select(*columns, evidence.c.length)
                .join(evidence, evidence.c.sha256 == observation.c.evidence_sha256)
                .where(observation.c.id.in_(missing[start : start + CHUNK]))
            )
            self._observed.update((row.id, ObservedRow(**row._mapping)) for row in rows)

    def _logged(self, row: Row[Any], shown: DecisionRow, numbers: list[int]) -> LoggedDecision:
        gone = [n for n in numbers if n not in self._observed]
        if gone:
            raise LookupError(f"observation {gone[0]} is gone")
        kept = None
        if row.kept_url is not None:
            kept = HeldDocument(
                url=row.kept_url,
                url_hash=row.kept_url_hash,
                bytes=row.kept_bytes,
                body_sha256=row.kept_sha256,
                withdrawn_at=row.withdrawn_at,
            )
        return LoggedDecision(
            row=shown,
            url_hash=row.url_hash,
            lookup_key=row.lookup_key,
            reasons=row.reasons,
            notes=row.notes,
            media_type=row.media_type,
            attempt=row.attempt,
            body_sha256=row.body_sha256,
            software=row.software,
            observations=tuple(self._observed[n] for n in numbers),
            document=kept,
        )


def logged_crawl(connection: Connection, number: int) -> LoggedCrawl:
    """A crawl with its terms. Raises UnreadableRowError."""
    try:
        row = connection.execute(_crawl(number)).one_or_none()
    except (SQLAlchemyError, ValueError) as error:
        raise UnreadableRowError(f"crawl {number} cannot be read ({_said(error)})") from error
    if row is None:
        raise UnreadableRowError(f"crawl {number}, its identity or its policy is gone")
    return LoggedCrawl(**row._mapping)


def altered_evidence(connection: Connection) -> Mapping[str, str]:
    """Pieces of evidence whose bytes are not those of their digest, with what is wrong."""
    found, after = {}, ""
    table = evidence.c
    while True:
        page = select(table.sha256, table.length, table.content).where(table.sha256 > after)
        rows = connection.execute(page.order_by(table.sha256).limit(64)).all()
        wrong = [row.sha256 for row in rows if digest(row.content) != row.sha256]
        gone = removed_evidence(connection, wrong) if wrong else {}
        for row in rows:
            if row.sha256 in gone:
                continue
            if digest(row.content) != row.sha256:
                found[row.sha256] = f"has the digest {digest(row.content)}"
            elif len(row.content) != row.length:
                found[row.sha256] = f"has {len(row.content)} bytes, the record says {row.length}"
        if len(rows) < 64:
            return found
        after = rows[-1].sha256


def _beside(ids: list[int]) -> Select[*tuple[Any, ...]]:
    return (
        select(
            *(decision.c[name] for name in ("id", "url_hash", "lookup_key", "reasons", "notes")),
            *(decision.c[name] for name in ("observations", "media_type", "attempt", "body_sha256")),
            crawl.c.software,
            document.c.url.label("kept_url"),
            document.c.url_hash.label("kept_url_hash"),
            document.c.bytes.label("kept_bytes"),
            document.c.body_sha256.label("kept_sha256"),
            document.c.withdrawn_at,
        )
        .join(crawl, crawl.c.id == decision.c.crawl_id)
        .outerjoin(document, document.c.decision_id == decision.c.id)
        .where(decision.c.id.in_(ids))
    )


def _crawl(number: int) -> Select[*tuple[Any, ...]]:
    names = (name for name in LoggedCrawl.__slots__ if name in crawl.c)
    return (
        select(
            *(crawl.c[name] for name in names),
            crawler_identity.c.hash.label("identity_hash"),
            *(
                crawler_identity.c[name]
                for name in ("product_token", "user_agent", "from_address", "info_url")
            ),
            policy_version.c.canonical.label("terms"),
            publication.c.sha256.label("publication_sha256"),
        )
        .join(crawler_identity, crawler_identity.c.id == crawl.c.identity_id)
        .join(policy_version, policy_version.c.id == crawl.c.policy_id)
        .outerjoin(publication, publication.c.id == crawl.c.publication_id)
        .where(crawl.c.id == number)
    )


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).partition(chr(10))[0][:200]}"

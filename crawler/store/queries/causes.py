"""Exclusions by source: a row for every reason that left a URL out, whoever gave it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, String
from sqlalchemy import cast as sql_cast

from crawler.store.queries.decisions import DecisionFilter, DecisionRow, decisions
from crawler.store.schema import decision
from reservations.model import Effect, Reason, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class CauseFilter:
    """Which exclusions; everything that is set must hold."""

    source: str | None = None
    """A reason code or its dotted beginning: `robots`, `tdmrep.file`, `blocklist.curated`."""
    domain: str | None = None
    host: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    """Exclusive."""
    crawl_id: int | None = None
    after: int = 0
    """Cursor: the id of the last decision already seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One reason that left a URL out."""

    decision: DecisionRow
    position: int
    """1 for the most decisive reason of its decision."""
    reason: Reason

    @property
    def source(self) -> str:
        """Who gave the reason: a protocol, or a list by its name."""
        family = self.reason.code.partition(".")[0]
        return self.reason.code if family == "blocklist" else family


def causes(connection: Connection, wanted: CauseFilter) -> Iterator[Cause]:
    """Exclusions in the order they were recorded, the reasons of each from the most decisive on."""
    for row in decisions(connection, _excluded(wanted), *_named(wanted.source)):
        for position, reason in enumerate(row.reasons, 1):
            if reason.effect is Effect.EXCLUDE and _is_of(reason.code, wanted.source):
                yield Cause(decision=row, position=position, reason=reason)


def _is_of(code: str, source: str | None) -> bool:
    return source is None or code == source or code.startswith(source + ".")


def _excluded(wanted: CauseFilter) -> DecisionFilter:
    return DecisionFilter(
        verdict=Verdict.EXCLUDE.value,
        domain=wanted.domain,
        host=wanted.host,
        crawl_id=wanted.crawl_id,
        since=wanted.since,
        until=wanted.until,
        after=wanted.after,
    )


def _named(source: str | None) -> Iterator[ColumnElement[bool]]:
    if source is not None:
        # Rules most rows out; what it lets through by chance (a quote that reads so) is looked at above.
        yield sql_cast(decision.c.reasons, String).contains(f'"code":"{source}', autoescape=True)

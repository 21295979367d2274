"""Exclusions by source: a row for every reason that left a URL out, whoever gave it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, String
from sqlalchemy import cast as sql_cast

from crawler.store.queries.decisions import CHUNK, DecisionRow, RowReader, decision_columns
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
    reader = RowReader(connection)
    statement = decision_columns().where(*_conditions(wanted)).order_by(decision.c.id).limit(CHUNK)
    after = 0
    while rows := reader.rows(statement.where(decision.c.id > after)):
        for row in rows:
            for position, reason in enumerate(row.reasons, 1):
                if reason.effect is Effect.EXCLUDE and _is_of(reason.code, wanted.source):
                    yield Cause(decision=row, position=position, reason=reason)
        after = rows[-1].id


def _is_of(code: str, source: str | None) -> bool:
    return source is None or code == source or code.startswith(source + ".")


def _conditions(wanted: CauseFilter) -> Iterator[ColumnElement[bool]]:
    yield decision.c.verdict == Verdict.EXCLUDE.value
    for column, value in (
        (decision.c.domain, wanted.domain),
        (decision.c.host, wanted.host),
        (decision.c.crawl_id, wanted.crawl_id),
    ):
        if value is not None:
            yield column == value
    if wanted.since is not None:
        yield decision.c.decided_at >= wanted.since
    if wanted.until is not None:
        yield decision.c.decided_at < wanted.until
    if wanted.source is not None:
        # Rules most rows out; what it lets through by chance (a quote that reads so) is looked at above.
        yield sql_cast(decision.c.reasons, String).contains(f'"code":"{wanted.source}', autoescape=True)

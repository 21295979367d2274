"""What the record as a whole can show: runs, evidence, exclusions, complaints, publications."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, func, select

from crawler.store.desk import complaint
from crawler.store.queries.decisions import identity_name
from crawler.store.schema import (
    checkpoint,
    crawl,
    crawler_identity,
    decision,
    document,
    export,
    log_entry,
    notice,
    observation,
    omitted,
    policy_version,
    reservation,
)
from reservations.model import Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """A crawl as it was run."""

    id: int
    started_at: datetime
    ended_at: datetime | None
    command: str
    config: Mapping[str, Any]
    """The configuration that was really run."""
    identity: str
    user_agent: str
    policy: str
    terms: Mapping[str, Any]
    blocklist_set: str | None
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaints:
    """How many complaints there are, and how long answers took."""

    received: int
    open: int
    days: tuple[float, ...]
    """From receipt to close, of those that are closed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """The record in numbers."""

    runs: int
    first: datetime | None
    last: datetime | None
    decisions: int
    hosts: int
    hosts_with_reservations: int
    domains: int
    reservations: int
    verdicts: Mapping[str, int]
    stages: Mapping[str, int]
    reasons: Mapping[tuple[str, str], int]
    """Decisions by verdict and first reason."""
    outcomes: Mapping[tuple[str, str], int]
    """Observations by kind and outcome."""
    without_evidence: int
    """Kept documents whose decision names nothing that was read."""
    kept: int
    withdrawn: int
    rechecks: int
    omitted: int
    policies: int
    identities: int
    notices: int
    log_entries: int
    checkpoints: int
    exports: int
    complaints: Complaints


def runs(connection: Connection) -> tuple[RunRow, ...]:
    """All crawls, in the order they began."""
    rows = connection.execute(
        select(
            crawl,
            crawler_identity.c.product_token,
            crawler_identity.c.hash,
            crawler_identity.c.user_agent,
            policy_version.c.canonical,
        )
        .join(crawler_identity, crawler_identity.c.id == crawl.c.identity_id)
        .join(policy_version, policy_version.c.id == crawl.c.policy_id)
        .order_by(crawl.c.id)
    )
    return tuple(
        RunRow(
            id=row.id,
            started_at=row.started_at,
            ended_at=row.ended_at,
            command=row.command,
            config=json.loads(row.config),
            identity=identity_name(row.product_token, row.hash),
            user_agent=row.user_agent,
            policy=row.policy_id,
            terms=json.loads(row.canonical),
            blocklist_set=row.blocklist_set,
            status=row.status,
        )
        for row in rows
    )


def totals(connection: Connection) -> Totals:
    """The whole record in numbers."""
    when = decision.c.decided_at
    first, last, hosts, domains = connection.execute(
        select(
            func.min(when),
            func.max(when),
            func.count(decision.c.host.distinct()),
            func.count(decision.c.domain.distinct()),
        )
    ).one()
    reasons = _pairs(connection, decision, decision.c.verdict, decision.c.reason)
    return Totals(
        runs=_rows(connection, crawl),
        first=first,
        last=last,
        decisions=sum(reasons.values()),
        hosts=hosts,
        hosts_with_reservations=_scalar(connection, func.count(reservation.c.host.distinct())),
        domains=domains,
        reservations=_rows(connection, reservation),
        verdicts=_first(reasons),
        stages=_first(_pairs(connection, decision, decision.c.stage, decision.c.verdict)),
        reasons=reasons,
        outcomes=_pairs(connection, observation, observation.c.kind, observation.c.outcome),
        without_evidence=kept_without_evidence(connection),
        kept=_rows(connection, document, document.c.withdrawn_at.is_(None)),
        withdrawn=_rows(connection, document, document.c.withdrawn_at.is_not(None)),
        rechecks=_rows(connection, decision, decision.c.stage == Stage.RECHECK.value),
        omitted=_scalar(connection, func.coalesce(func.sum(omitted.c.count), 0)),
        policies=_rows(connection, policy_version),
        identities=_rows(connection, crawler_identity),
        notices=_rows(connection, notice),
        log_entries=_rows(connection, log_entry),
        checkpoints=_rows(connection, checkpoint),
        exports=_rows(connection, export),
        complaints=_complaints(connection),
    )


def kept_without_evidence(connection: Connection, crawl_id: int | None = None) -> int:
    """Kept documents whose decision rests on nothing that was read; there should be none."""
    mine = () if crawl_id is None else (document.c.crawl_id == crawl_id,)
    statement = select(func.count()).select_from(
        document.join(decision, decision.c.id == document.c.decision_id)
    )
    return connection.scalar(statement.where(decision.c.observations == "[]", *mine)) or 0


def _complaints(connection: Connection) -> Complaints:
    rows = connection.execute(select(complaint.c.received_at, complaint.c.closed_at)).all()
    took = [(row.closed_at - row.received_at).total_seconds() / 86_400 for row in rows if row.closed_at]
    return Complaints(received=len(rows), open=len(rows) - len(took), days=tuple(sorted(took)))


def _rows(connection: Connection, table: FromClause, *conditions: ColumnElement[bool]) -> int:
    return connection.scalar(select(func.count()).select_from(table).where(*conditions)) or 0


def _scalar(connection: Connection, value: ColumnElement[Any]) -> int:
    return int(connection.scalar(select(value)) or 0)


def _pairs(
    connection: Connection, table: FromClause, one: ColumnElement[str], other: ColumnElement[str]
) -> dict[tuple[str, str], int]:
    """How often each pair of values stands in two columns."""
    rows = connection.execute(
        select(one, other, func.count()).select_from(table).group_by(one, other).order_by(one, other)
    )
    return {(a, b): number for a, b, number in rows}


def _first(counts: Mapping[tuple[str, str], int]) -> dict[str, int]:
    """The counts by the first of each pair."""
    found: dict[str, int] = {}
    for (key, _), number in counts.items():
        found[key] = found.get(key, 0) + number
    return found

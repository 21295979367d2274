"""Complaints as their page and the staff's queue show them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select

from crawler.store.desk import complaint, complaint_decision, complaint_event, complaint_key
from crawler.store.public import hashed
from crawler.store.schema import decision

MAX_TIED = 200
WAITING = ("received", "confirmed")
"""States in which the next step is ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow:
    """A step, as it was written down."""

    happened_at: datetime
    kind: str
    actor: str
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TiedRow:
    """A decision the complaint is about."""

    decision_id: int
    url: str
    verdict: str
    reason: str
    withdrawn_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ComplaintRow:
    """A complaint and where it stands."""

    id: int
    reference: str
    kind: str
    domain: str
    subjects: str
    content: str
    name: str
    role: str
    contact: str
    language: str
    state: str
    received_at: datetime
    confirm_due: datetime
    answer_due: datetime
    close_due: datetime | None
    closed_at: datetime | None

    @property
    def due(self) -> datetime | None:
        """When the next step is promised by."""
        if self.state == "received":
            return self.confirm_due
        if self.state == "confirmed":
            return self.answer_due
        return None if self.state == "closed" else self.close_due

    def is_late(self, now: datetime) -> bool:
        """Whether a step of ours was promised by a time that is over."""
        return self.state in WAITING and self.due is not None and self.due < now


def complaint_for(connection: Connection, reference: str, token: str) -> ComplaintRow | None:
    """A complaint, for whoever has its token, or one that a mail gave."""
    found = complaint_of(connection, reference)
    if found is None:
        return None
    digest = hashed(token)
    known = connection.scalar(
        select(func.count()).where(complaint.c.id == found.id, complaint.c.token_hash == digest)
    ) or connection.scalar(
        select(func.count()).where(
            complaint_key.c.complaint_id == found.id, complaint_key.c.token_hash == digest
        )
    )
    return found if known else None


def complaint_of(connection: Connection, reference: str) -> ComplaintRow | None:
    """A complaint by its number, for staff."""
    row = connection.execute(select(complaint).where(complaint.c.reference == reference)).one_or_none()
    return None if row is None else _complaint(row)


def complaints(
    connection: Connection, *, state: str = "", before: int | None = None, limit: int = 50
) -> tuple[ComplaintRow, ...]:
    """Complaints, the newest first."""
    statement = select(complaint).order_by(complaint.c.id.desc()).limit(limit)
    if state:
        statement = statement.where(complaint.c.state == state)
    if before is not None:
        statement = statement.where(complaint.c.id < before)
    return tuple(_complaint(row) for row in connection.execute(statement))


def due_complaints(connection: Connection, limit: int = 200) -> tuple[ComplaintRow, ...]:
    """Complaints in which the next step is ours, the most urgent first."""
    rows = connection.execute(
        select(complaint).where(complaint.c.state.in_(WAITING)).order_by(complaint.c.confirm_due).limit(limit)
    )
    found = [_complaint(row) for row in rows]
    return tuple(sorted(found, key=lambda c: c.due or c.received_at))


def events(connection: Connection, complaint_id: int) -> tuple[EventRow, ...]:
    """Every step, the oldest first."""
    rows = connection.execute(
        select(complaint_event)
        .where(complaint_event.c.complaint_id == complaint_id)
        .order_by(complaint_event.c.id)
    )
    return tuple(
        EventRow(happened_at=r.happened_at, kind=r.kind, actor=r.actor, content=r.content) for r in rows
    )


def tied(connection: Connection, complaint_id: int) -> tuple[TiedRow, ...]:
    """The decisions a complaint is about."""
    rows = connection.execute(
        select(
            complaint_decision.c.decision_id,
            decision.c.url,
            decision.c.verdict,
            decision.c.reason,
            complaint_decision.c.withdrawn_at,
        )
        .join(decision, decision.c.id == complaint_decision.c.decision_id)
        .where(complaint_decision.c.complaint_id == complaint_id)
        .order_by(complaint_decision.c.decision_id)
        .limit(MAX_TIED)
    )
    return tuple(TiedRow(**row._mapping) for row in rows)


def count_withdrawn(connection: Connection, complaint_id: int) -> int:
    """How many documents a complaint took out of the data."""
    mine = (complaint_decision.c.complaint_id == complaint_id, complaint_decision.c.withdrawn_at.is_not(None))
    return connection.scalar(select(func.count()).select_from(complaint_decision).where(*mine)) or 0


def _complaint(row: Row[Any]) -> ComplaintRow:
    return ComplaintRow(**{name: getattr(row, name) for name in ComplaintRow.__slots__})

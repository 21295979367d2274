"""Complaints: filed, answered and closed, each step written down once and never changed.

What a step says to the complainant is an event; the complaint's row only says where it stands. An
upheld complaint withdraws documents, and the decisions they rest on are tied to it as its proof.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Connection, func, insert, select, update

from crawler.store.desk import complaint, complaint_decision, complaint_event
from crawler.store.places import url_hash
from crawler.store.public import hashed
from crawler.store.queries.lookup import LookupFilter
from crawler.store.queries.pages import within
from crawler.store.schema import decision, document
from crawler.store.withdrawal import CHUNK
from crawler.store.withdrawal import withdraw as take_out


class State(StrEnum):
    """Where a complaint stands."""

    RECEIVED = "received"
    CONFIRMED = "confirmed"
    UPHELD = "upheld"
    DECLINED = "declined"
    CLOSED = "closed"


class Step(StrEnum):
    """What happened to a complaint; NOTE is for staff alone."""

    RECEIVED = "received"
    CONFIRMED = "confirmed"
    ASKED = "asked"
    UPHELD = "upheld"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    REPLIED = "replied"
    CLOSED = "closed"
    NOTE = "note"


BECOMES = {
    Step.CONFIRMED: State.CONFIRMED,
    Step.UPHELD: State.UPHELD,
    Step.DECLINED: State.DECLINED,
    Step.CLOSED: State.CLOSED,
}
OPEN = (State.RECEIVED, State.CONFIRMED, State.UPHELD, State.DECLINED)
ALLOWED: dict[State, frozenset[Step]] = {
    State.RECEIVED: frozenset(Step) - {Step.RECEIVED, Step.REPLIED},
    State.CONFIRMED: frozenset(Step) - {Step.RECEIVED, Step.REPLIED, Step.CONFIRMED},
    State.UPHELD: frozenset({Step.WITHDRAWN, Step.ASKED, Step.NOTE, Step.CLOSED}),
    State.DECLINED: frozenset({Step.UPHELD, Step.ASKED, Step.NOTE, Step.CLOSED}),
    State.CLOSED: frozenset({Step.NOTE}),
}
"""What staff may do in each state."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """How long each step may take: the first two in working days."""

    confirm_days: int
    answer_days: int
    close_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Filing:
    """What somebody tells us."""

    kind: str
    domain: str
    subjects: str
    content: str
    name: str
    role: str
    contact: str
    language: str = "en"
    """Code of the language it is answered in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What the complainant is given: the token is the only way back to the complaint."""

    reference: str
    token: str
    confirm_due: datetime
    answer_due: datetime


def file_complaint(connection: Connection, filing: Filing, promise: Promise, now: datetime) -> Receipt:
    """Write a complaint down and give it its number."""
    token = secrets.token_urlsafe(32)
    confirm_due = add_working_days(now, promise.confirm_days)
    answer_due = add_working_days(now, promise.answer_days)
    key = connection.execute(
        insert(complaint).values(
            reference=hashed(token),
            token_hash=hashed(token),
            kind=filing.kind,
            domain=filing.domain,
            subjects=filing.subjects,
            content=filing.content,
            name=filing.name,
            role=filing.role,
            contact=filing.contact,
            language=filing.language,
            state=State.RECEIVED.value,
            received_at=now,
            confirm_due=confirm_due,
            answer_due=answer_due,
        )
    ).inserted_primary_key
    assert key is not None
    reference = f"C-{now.year}-{key[0]:04d}"
    connection.execute(update(complaint).where(complaint.c.id == key[0]).values(reference=reference))
    _event(connection, key[0], now, Step.RECEIVED, "complainant", filing.content)
    return Receipt(reference=reference, token=token, confirm_due=confirm_due, answer_due=answer_due)


def take_step(
    connection: Connection,
    complaint_id: int,
    step: Step,
    actor: str,
    content: str,
    promise: Promise,
    now: datetime,
) -> None:
    """Write a step down, and move the complaint to where it leads."""
    _event(connection, complaint_id, now, step, actor, content)
    state = BECOMES.get(step)
    if state is None:
        return
    values: dict[str, object] = {"state": state.value}
    if state in (State.UPHELD, State.DECLINED):
        values["close_due"] = now + timedelta(days=promise.close_days)
    if state is State.CLOSED:
        values["closed_at"] = now
    connection.execute(update(complaint).where(complaint.c.id == complaint_id).values(**values))


def speak(connection: Connection, complaint_id: int, language: str) -> None:
    """Answer a complaint in another language from now on."""
    connection.execute(update(complaint).where(complaint.c.id == complaint_id).values(language=language))


def withdraw(connection: Connection, complaint_id: int, subject: LookupFilter, now: datetime) -> int:
    """Take what is kept of a site, folder or address out of the data; how many documents that were."""
    wanted = (
        select(document.c.decision_id)
        .join(decision, decision.c.id == document.c.decision_id)
        .where(within(subject), document.c.withdrawn_at.is_(None))
    )
    if subject.is_prefix and not subject.subject.endswith("/"):
        wanted = wanted.where(decision.c.url == subject.subject)
    ids = list(connection.scalars(wanted))
    reference = connection.scalar(select(complaint.c.reference).where(complaint.c.id == complaint_id))
    take_out(connection, ids, now, f"complaint {reference}")
    tie_all(connection, complaint_id, ids, now)
    return len(ids)


def tie_all(
    connection: Connection, complaint_id: int, decision_ids: Sequence[int], withdrawn_at: datetime | None
) -> None:
    """Tie decisions to a complaint, once each; with a time, as those that it took out of the data."""
    for start in range(0, len(decision_ids), CHUNK):
        chunk = decision_ids[start : start + CHUNK]
        mine = (
            complaint_decision.c.complaint_id == complaint_id,
            complaint_decision.c.decision_id.in_(chunk),
        )
        known = set(connection.scalars(select(complaint_decision.c.decision_id).where(*mine)))
        if withdrawn_at is not None:
            connection.execute(update(complaint_decision).where(*mine).values(withdrawn_at=withdrawn_at))
        rows = [
            {"complaint_id": complaint_id, "decision_id": number, "withdrawn_at": withdrawn_at}
            for number in chunk
            if number not in known
        ]
        if rows:
            connection.execute(insert(complaint_decision), rows)


def tie(connection: Connection, complaint_id: int, decision_id: int, subjects: str) -> None:
    """Tie a decision to a complaint about its very address; a number alone would give addresses away."""
    url = connection.scalar(select(decision.c.url).where(decision.c.id == decision_id))
    if url is None or url not in {line.strip() for line in subjects.splitlines()}:
        return
    tied = connection.scalar(
        select(func.count()).where(
            complaint_decision.c.complaint_id == complaint_id, complaint_decision.c.decision_id == decision_id
        )
    )
    if not tied:
        connection.execute(
            insert(complaint_decision).values(complaint_id=complaint_id, decision_id=decision_id)
        )


def tie_named(connection: Connection, reference: str, subjects: Iterable[str]) -> int:
    """Tie the newest decision about each address that a complaint names; how many addresses are known."""
    number = connection.scalar(select(complaint.c.id).where(complaint.c.reference == reference))
    tied = 0
    for url in subjects:
        same = (decision.c.url_hash == url_hash(url), decision.c.url == url)
        newest = connection.scalar(select(func.max(decision.c.id)).where(*same)) if "://" in url else None
        if number is not None and newest is not None:
            tie(connection, number, newest, url)
            tied += 1
    return tied


def tie_within(connection: Connection, complaint_id: int, subject: LookupFilter, limit: int = 200) -> int:
    """Tie the newest decisions about a site, folder or address, for staff; how many there were to tie."""
    wanted = select(func.max(decision.c.id)).where(within(subject)).group_by(decision.c.url_hash)
    if subject.is_prefix and not subject.subject.endswith("/"):
        wanted = wanted.where(decision.c.url == subject.subject)
    ids = list(connection.scalars(wanted.order_by(func.max(decision.c.id).desc()).limit(limit)))
    tie_all(connection, complaint_id, ids, None)
    return len(ids)


def close_expired(connection: Connection, promise: Promise, now: datetime) -> int:
    """Close the complaints whose time to object to our decision is over; how many."""
    ids = list(
        connection.scalars(
            select(complaint.c.id).where(
                complaint.c.state.in_((State.UPHELD.value, State.DECLINED.value)), complaint.c.close_due < now
            )
        )
    )
    for number in ids:
        take_step(connection, number, Step.CLOSED, "time", "", promise, now)
    return len(ids)


def forget_contacts(connection: Connection, closed_before: datetime) -> int:
    """Delete names and addresses of complaints that were closed before; how many."""
    done = connection.execute(
        update(complaint)
        .where(complaint.c.closed_at < closed_before, complaint.c.contact != "")
        .values(name="", contact="")
    )
    return done.rowcount


def add_working_days(start: datetime, days: int) -> datetime:
    """The same time so many working days on; Saturdays and Sundays are none, holidays are not known."""
    when = start
    while days > 0:
        when += timedelta(days=1)
        if when.weekday() < 5:
            days -= 1
    return when


def _event(
    connection: Connection, complaint_id: int, when: datetime, step: Step, actor: str, content: str
) -> None:
    connection.execute(
        insert(complaint_event).values(
            complaint_id=complaint_id, happened_at=when, kind=step.value, actor=actor, content=content
        )
    )

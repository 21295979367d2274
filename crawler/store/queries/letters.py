"""Mail of complaints as staff and the sender of the outbox ask for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from crawler.store.desk import complaint, complaint_event, mail_out
from crawler.store.letters import MailState

OPEN = ("received", "confirmed", "upheld", "declined")


@dataclass(frozen=True, slots=True, kw_only=True)
class MailRow:
    """A mail to a complainant; its address is in its file alone."""

    id: int
    reference: str
    kind: str
    file: str
    state: str
    made_at: datetime
    attempts: int
    problem: str | None
    settled_at: datetime | None


def mails(
    connection: Connection,
    *,
    complaint_id: int | None = None,
    states: tuple[str, ...] = (),
    limit: int = 1000,
) -> tuple[MailRow, ...]:
    """Mails, the oldest first: of a complaint, or in some states."""
    columns = [mail_out.c[name] for name in MailRow.__slots__ if name != "reference"]
    statement = (
        select(complaint.c.reference, *columns)
        .join(complaint, complaint.c.id == mail_out.c.complaint_id)
        .order_by(mail_out.c.id)
        .limit(limit)
    )
    if complaint_id is not None:
        statement = statement.where(mail_out.c.complaint_id == complaint_id)
    if states:
        statement = statement.where(mail_out.c.state.in_(states))
    return tuple(MailRow(**row._mapping) for row in connection.execute(statement))


def first_message_id(connection: Connection, complaint_id: int) -> str:
    """The Message-ID of our first mail about a complaint, which the later ones refer to; empty where none."""
    statement = select(mail_out.c.message_id).where(mail_out.c.complaint_id == complaint_id)
    return connection.scalar(statement.order_by(mail_out.c.id).limit(1)) or ""


def filed_since(connection: Connection, contact: str, since: datetime) -> int:
    """How many complaints came from an address since then."""
    mine = (complaint.c.contact == contact, complaint.c.received_at >= since)
    return connection.scalar(select(func.count()).select_from(complaint).where(*mine)) or 0


def newest_open_of(connection: Connection, contact: str) -> str | None:
    """The number of the newest complaint of an address that is not closed."""
    mine = (complaint.c.contact == contact, complaint.c.state.in_(OPEN))
    found: str | None = connection.scalar(
        select(complaint.c.reference).where(*mine).order_by(complaint.c.id.desc()).limit(1)
    )
    return found


def steps_of(connection: Connection, complaint_id: int) -> int:
    """How many steps a complaint has."""
    mine = complaint_event.c.complaint_id == complaint_id
    return connection.scalar(select(func.count()).select_from(complaint_event).where(mine)) or 0


def files_to_forget(connection: Connection) -> tuple[MailRow, ...]:
    """Mails whose complainant's address was deleted and whose file may still hold it."""
    columns = [mail_out.c[name] for name in MailRow.__slots__ if name != "reference"]
    rows = connection.execute(
        select(complaint.c.reference, *columns)
        .join(complaint, complaint.c.id == mail_out.c.complaint_id)
        .where(complaint.c.contact == "", mail_out.c.state != MailState.FORGOTTEN.value)
        .order_by(mail_out.c.id)
        .limit(1000)
    )
    return tuple(MailRow(**row._mapping) for row in rows)

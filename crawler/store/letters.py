"""Mail of complaints: what came in, once each, and what waits to be sent or was.

Of a letter only a digest of its Message-ID is kept here; addresses stand in the complaint and in the
files of the outbox, and leave both together.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Connection, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from crawler.store.desk import complaint, complaint_key, mail_in, mail_out
from crawler.store.public import hashed

CLAIM_LASTS = timedelta(minutes=15)
"""After which a mail that a process had begun to send may be sent by another: it was killed."""


class MailState(StrEnum):
    """Where a mail to a complainant stands."""

    WAITING = "waiting"
    SENT = "sent"
    REFUSED = "refused"
    """The server will not take it, however often it is asked."""
    GONE = "gone"
    """Its file is no longer in the outbox: somebody else has sent it, or has thrown it away."""
    FORGOTTEN = "forgotten"
    """Deleted together with the address of the complainant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """A mail that is to be written under a name."""

    id: int
    file: str


def receive(
    connection: Connection, key: str, now: datetime, written_at: datetime | None, size: int
) -> int | None:
    """Write down that a letter came; None if it came before."""
    if connection.scalar(select(mail_in.c.id).where(mail_in.c.key == key)) is not None:
        return None
    row = {
        "key": key,
        "outcome": "",
        "received_at": now,
        "written_at": written_at,
        "bytes": size,
    }
    try:
        with connection.begin_nested():
            done = connection.execute(insert(mail_in).values(row)).inserted_primary_key
    except IntegrityError:  # another process takes it in at this very moment
        return None
    assert done is not None
    return int(done[0])


def settle_letter(connection: Connection, letter: int, outcome: str, complaint_id: int | None) -> None:
    """Write down what became of a letter."""
    connection.execute(
        update(mail_in).where(mail_in.c.id == letter).values(outcome=outcome, complaint_id=complaint_id)
    )


def new_key(connection: Connection, complaint_id: int, now: datetime) -> str:
    """A further address of a complaint's page, for one mail; of it only the hash is kept."""
    token = secrets.token_urlsafe(32)
    connection.execute(
        insert(complaint_key).values(token_hash=hashed(token), complaint_id=complaint_id, made_at=now)
    )
    return token


def queue(connection: Connection, complaint_id: int, kind: str, message_id: str, now: datetime) -> Queued:
    """Write down that a mail is to be sent, under the name its file will have."""
    key = connection.execute(
        insert(mail_out).values(
            complaint_id=complaint_id,
            kind=kind,
            file=secrets.token_hex(16),
            message_id=message_id,
            state=MailState.WAITING.value,
            made_at=now,
            attempts=0,
        )
    ).inserted_primary_key
    assert key is not None
    reference = connection.scalar(select(complaint.c.reference).where(complaint.c.id == complaint_id))
    file = f"{reference}-{key[0]:06d}-{kind}.eml"
    connection.execute(update(mail_out).where(mail_out.c.id == key[0]).values(file=file))
    return Queued(id=key[0], file=file)


def claim(connection: Connection, mail: int, now: datetime, *, refused: bool = False) -> bool:
    """Take a waiting mail for this process alone; False if another has it, or it does not wait."""
    states = [MailState.WAITING.value, *([MailState.REFUSED.value] if refused else [])]
    done = connection.execute(
        update(mail_out)
        .where(
            mail_out.c.id == mail,
            mail_out.c.state.in_(states),
            or_(mail_out.c.claimed_at.is_(None), mail_out.c.claimed_at < now - CLAIM_LASTS),
        )
        .values(claimed_at=now, attempts=mail_out.c.attempts + 1)
    )
    return done.rowcount == 1


def settle_mail(
    connection: Connection, mail: int, state: MailState, now: datetime, problem: str | None = None
) -> None:
    """Write down what became of a mail that was claimed."""
    connection.execute(
        update(mail_out)
        .where(mail_out.c.id == mail)
        .values(
            state=state.value,
            claimed_at=None,
            problem=problem,
            settled_at=None if state is MailState.WAITING else now,
        )
    )

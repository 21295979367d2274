"""What the public desk writes beside complaints: the audit trail, and who proved to own a domain."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import Connection, insert, select, update

from crawler.store.desk import audit as audit_table
from crawler.store.desk import ownership

PROOF_LASTS = timedelta(days=90)
"""How long a proof of ownership holds before it must be looked for again."""
TO_PROVE = timedelta(days=7)
"""How long a token may wait to be found on the domain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ownership:
    """A claim to a domain and how it stands."""

    domain: str
    method: str | None
    requested_at: datetime
    expires_at: datetime
    verified_at: datetime | None

    def holds(self, now: datetime) -> bool:
        """Whether the proof counts now."""
        return self.verified_at is not None and now < self.expires_at


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRow:
    """Something that was done."""

    id: int
    happened_at: datetime
    actor: str
    action: str
    subject: str


def audit(connection: Connection, when: datetime, actor: str, action: str, subject: str) -> None:
    """Write down that somebody did something. Never who looked something up in public."""
    connection.execute(
        insert(audit_table).values(happened_at=when, actor=actor, action=action, subject=subject)
    )


def audit_trail(
    connection: Connection, *, before: int | None = None, limit: int = 100
) -> tuple[AuditRow, ...]:
    """What was done, the newest first."""
    statement = select(audit_table).order_by(audit_table.c.id.desc()).limit(limit)
    if before is not None:
        statement = statement.where(audit_table.c.id < before)
    return tuple(AuditRow(**row._mapping) for row in connection.execute(statement))


def claim(connection: Connection, domain: str, token: str, now: datetime) -> None:
    """Remember that somebody wants to prove they own a domain; of the token only its hash."""
    connection.execute(
        insert(ownership).values(
            domain=domain, token_hash=hashed(token), requested_at=now, expires_at=now + TO_PROVE
        )
    )


def owned(connection: Connection, token: str) -> Ownership | None:
    """The claim that belongs to a token."""
    row = connection.execute(select(ownership).where(ownership.c.token_hash == hashed(token))).one_or_none()
    if row is None:
        return None
    return Ownership(
        domain=row.domain,
        method=row.method,
        requested_at=row.requested_at,
        expires_at=row.expires_at,
        verified_at=row.verified_at,
    )


def prove(connection: Connection, token: str, method: str, now: datetime) -> None:
    """The token was found on the domain."""
    connection.execute(
        update(ownership)
        .where(ownership.c.token_hash == hashed(token))
        .values(method=method, verified_at=now, expires_at=now + PROOF_LASTS)
    )


def hashed(token: str) -> str:
    """How a token is kept."""
    return sha256(token.encode()).hexdigest()

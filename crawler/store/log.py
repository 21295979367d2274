"""Writing the log: entries are appended, checkpoints are added, and an erasure takes rows away."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import Connection, delete, insert, text, update
from sqlalchemy import Engine as Engine  # for callers that may not import sqlalchemy
from sqlalchemy.exc import DBAPIError

from crawler.store.database import DatabaseError
from crawler.store.queries.log import CheckpointRow, EntryRow
from crawler.store.schema import checkpoint, decision, document, log_entry
from crawler.store.tallies import keeping_sums


@contextmanager
def plain_errors() -> Iterator[None]:
    """What a database refuses, as DatabaseError."""
    try:
        yield
    except DBAPIError as error:
        reason = str(error.orig).partition("\n")[0]
        raise DatabaseError(f"the log cannot be written to the database: {reason}") from error


LOG_LOCK = 0x466F72626561724C
"""PostgreSQL advisory lock of whoever gives out places: `ForbearL`."""


def lock_log(connection: Connection) -> None:
    """Be the only one who gives out places until the transaction ends.

    In SQLite every writing transaction is alone already; in PostgreSQL two would count on from one place.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOG_LOCK})


def append_entries(connection: Connection, rows: Sequence[EntryRow], created_at: datetime) -> None:
    """Add entries, whose positions the caller counted on from the last one in this same transaction."""
    if rows:
        # `asdict` would copy every value deeply, which takes longer than all hashing
        values = ({name: getattr(row, name) for name in EntryRow.__slots__} for row in rows)
        connection.execute(insert(log_entry), [{**each, "created_at": created_at} for each in values])


def add_checkpoint(connection: Connection, row: CheckpointRow) -> None:
    """Keep a checkpoint that was signed."""
    connection.execute(insert(checkpoint), asdict(row))


def take_away(connection: Connection, decision_id: int) -> None:
    """Delete a decision with its document's row, and what opened the commitment to it."""
    entry = update(log_entry).where(log_entry.c.decision_id == decision_id)
    connection.execute(entry.values(decision_id=None, salt=None))
    with keeping_sums(connection, decisions=[decision_id]):
        connection.execute(delete(document).where(document.c.decision_id == decision_id))
        connection.execute(delete(decision).where(decision.c.id == decision_id))

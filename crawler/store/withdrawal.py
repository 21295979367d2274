"""Taking documents back: they stay where they are, with the day and the reason, and are kept no more."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, update
from sqlalchemy.exc import DBAPIError

from crawler.store.database import DatabaseError, open_database
from crawler.store.queries.withdrawals import kept_of
from crawler.store.schema import document
from crawler.store.tallies import keeping_sums

CHUNK = 500


def withdraw_from(url: str, decision_ids: Sequence[int], when: datetime, reason: str) -> int:
    """Withdraw documents of a record, all or none, and make sure that none of them is kept any more.

    The answer is how many were not withdrawn before. Raises DatabaseError.
    """
    engine = open_database(url)
    try:
        with engine.begin() as connection:
            changed = withdraw(connection, decision_ids, when, reason)
            if left := kept_of(connection, list(decision_ids)):
                raise DatabaseError(f"{left} documents are kept all the same; nothing was withdrawn")
    except DBAPIError as error:
        raise DatabaseError(f"the record cannot be written: {str(error.orig).splitlines()[0]}") from error
    finally:
        engine.dispose()
    return changed


def withdraw(connection: Connection, decision_ids: Sequence[int], when: datetime, reason: str) -> int:
    """Withdraw documents; the answer is how many were not withdrawn before.

    Callers pass a connection of `open_database` inside a transaction.
    """
    changed = 0
    for start in range(0, len(decision_ids), CHUNK):
        some = decision_ids[start : start + CHUNK]
        statement = update(document).where(
            document.c.decision_id.in_(some), document.c.withdrawn_at.is_(None)
        )
        values = {"withdrawn_at": when, "withdrawn_reason": reason}
        with keeping_sums(connection, documents=some):
            changed += connection.execute(statement.values(values)).rowcount
    return changed

"""Being alone with a database, and leaving nothing of what was removed in its files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, event, func, select, text

from crawler.frontier.lock import InstanceBusyError
from crawler.frontier.sql import ADVISORY_LOCK


@contextmanager
def only_here(engine: Engine) -> Iterator[None]:
    """No crawl runs on the database meanwhile. Raises InstanceBusyError.

    In SQLite the lock of the data folder sees to that.
    """
    if engine.dialect.name != "postgresql":
        with _overwriting(engine):
            yield
        return
    with engine.connect() as connection:
        if not connection.scalar(select(func.pg_try_advisory_lock(ADVISORY_LOCK))):
            raise InstanceBusyError("a crawl is running on this database; wait for it or stop it")
        connection.commit()
        try:
            yield
        finally:
            connection.execute(select(func.pg_advisory_unlock(ADVISORY_LOCK)))
            connection.commit()


@contextmanager
def _overwriting(engine: Engine) -> Iterator[None]:
    """SQLite overwrites what is deleted, and keeps none of it in its write-ahead log."""

    def prepare(connection: Any, _: Any) -> None:
        connection.execute("PRAGMA secure_delete=ON")  # https://sqlite.org/pragma.html#pragma_secure_delete

    engine.dispose()
    event.listen(engine, "connect", prepare)
    try:
        yield
    finally:
        event.remove(engine, "connect", prepare)
        engine.dispose()
        _outside(engine, "PRAGMA wal_checkpoint(TRUNCATE)")


def vacuum(engine: Engine) -> None:
    """Give the space of what was removed back to the disk."""
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM"))
    else:
        _outside(engine, "VACUUM")


def _outside(engine: Engine, statement: str) -> None:
    """Run a statement of SQLite that may be in no transaction."""
    raw = engine.raw_connection()
    try:
        raw.cursor().execute(statement).close()
    finally:
        raw.close()

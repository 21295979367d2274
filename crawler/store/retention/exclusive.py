"""Keeping crawls away from a database on a server, as the lock of the data folder does on one machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, func, select

from crawler.frontier.lock import InstanceBusyError
from crawler.frontier.sql import ADVISORY_LOCK


@contextmanager
def only_here(engine: Engine) -> Iterator[None]:
    """No crawl runs on the database meanwhile. Raises InstanceBusyError."""
    if engine.dialect.name != "postgresql":
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

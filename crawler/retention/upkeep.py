"""Alone with an instance: no crawl, no other upkeep; what was begun is ended, and the log is published.

A removal is two steps: the record says so, in one transaction with its entry in the log; then the bytes in
the WARC file are overwritten. A process that dies between leaves the second to whoever comes next.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from crawler.config import Config
from crawler.frontier.lock import InstanceBusyError, InstanceLock
from crawler.log.sequencer import log_folder, origin_of_log, publish
from crawler.store.database import Connection, open_database, open_for_reading
from crawler.store.log import Engine, plain_errors
from crawler.store.queries.retention import Pending, pending, redaction_numbered
from crawler.store.retention.exclusive import only_here
from crawler.store.retention.writing import mark_done
from crawler.store.warc import Notice, overwrite

NAME = "upkeep.lock"


@dataclass(frozen=True, slots=True, kw_only=True)
class Upkeep:
    """An instance that nobody else changes."""

    config: Config
    engine: Engine

    @property
    def data(self) -> Path:
        """Its folder."""
        return self.config.storage.data

    def finish(self, now: datetime) -> int:
        """Overwrite every removed record that still lies in a file; how many. Raises WarcIntegrityError."""
        done = 0
        while True:
            with self.engine.connect() as connection:
                waiting = pending(connection)
                notices = {each.id: self._notice(connection, each) for each in waiting}
            if not waiting:
                return done
            for each in waiting:
                path = self.data / each.place.file
                overwrite(path, each.place.offset, each.place.length, notices[each.id])
            with self.engine.begin() as connection:
                mark_done(connection, [each.id for each in waiting], now)
            done += len(waiting)

    def publish(self, now: datetime) -> None:
        """Give everything its place in the log, and sign a checkpoint."""
        publish(self.engine, log_folder(self.config), origin_of_log(self.config), now)

    def _notice(self, connection: Connection, each: Pending) -> Notice:
        made = redaction_numbered(connection, each.redaction)
        return Notice(redaction=made.id, removed_at=made.removed_at, reason=made.reason, sha256=each.sha256)


@contextmanager
def upkeep(config: Config, now: datetime) -> Iterator[Upkeep]:
    """Open an instance for removing from it.

    Raises InstanceBusyError, DatabaseError, LogError, KeyFileError or WarcIntegrityError.
    """
    open_for_reading(config.database_url).dispose()  # there is a record, and it is of this release
    with InstanceLock(config.storage.data), alone(config.storage.data):
        engine = open_database(config.database_url)
        try:
            with plain_errors(), only_here(engine):
                opened = Upkeep(config=config, engine=engine)
                opened.finish(now)
                opened.publish(now)
                try:
                    yield opened
                finally:
                    opened.publish(now)
        finally:
            engine.dispose()


@contextmanager
def alone(data: Path) -> Iterator[None]:
    """Let nobody remove anything, make a backup or change the schema meanwhile. Raises InstanceBusyError."""
    data.mkdir(parents=True, exist_ok=True)
    handle = os.open(data / NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InstanceBusyError(
                f"another `forbear store` command is at work on {data}; wait for it"
            ) from None
        yield
    finally:
        os.close(handle)

"""Feeds that earlier crawls met, read back from the record, off the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

from crawler.feeds import MAX_AGE, Reading
from crawler.store.database import open_for_reading
from crawler.store.queries.licence_feeds import feeds_of
from crawler.store.record import Record
from reservations.model import Evidence


class RecordedFeeds:
    """Asks the record for the feeds of an origin; decisions name the observations that are there."""

    def __init__(self, database_url: str, record: Record, now: Callable[[], float]) -> None:
        self._engine = open_for_reading(database_url)
        self._record = record
        self._now = now

    async def __call__(self, origin: str) -> tuple[Reading, ...]:
        """The newest reading of each feed of an origin, the oldest first."""
        found = await asyncio.to_thread(self._read, origin)
        for number, feed in found:
            self._record.recall(feed, number)
        since = datetime.fromtimestamp(self._now(), UTC) - MAX_AGE
        return tuple(Reading(feed=feed, in_force=feed.fetched_at >= since) for _, feed in found)

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def _read(self, origin: str) -> tuple[tuple[int, Evidence], ...]:
        with self._engine.connect() as connection:
            return feeds_of(connection, origin)

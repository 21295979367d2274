"""Reading what is due while others write: in pieces, off the event loop, no long transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from crawler.store.database import Connection, open_for_reading
from crawler.store.queries.recheck import Due, DueFilter, Known, count_due, due, files_of, known
from reservations.model import Evidence

T = TypeVar("T")
PIECE = 1000


class Feed:
    """The documents that are due, the oldest look first, and what is known of each."""

    def __init__(self, database_url: str, wanted: DueFilter) -> None:
        self._engine = open_for_reading(database_url)
        self._wanted = wanted
        self._last: Due | None = None
        self.ended = False

    async def next(self) -> tuple[Due, ...]:
        """The next piece; empty at the end."""
        rows = await self._ask(lambda connection: due(connection, self._wanted, PIECE, self._last))
        self.ended = len(rows) < PIECE
        self._last = rows[-1] if rows else self._last
        return rows

    async def known(self, url: str) -> Known:
        """What the record says about a URL."""
        return await self._ask(lambda connection: known(connection, url))

    async def files(self, origin: str) -> tuple[Evidence, ...]:
        """The files of an origin as they were found last."""
        return await self._ask(lambda connection: files_of(connection, origin))

    async def left(self) -> int:
        """How many documents are late now."""
        return await self._ask(lambda connection: count_due(connection, self._wanted))

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    async def _ask(self, question: Callable[[Connection], T]) -> T:
        def asked() -> T:
            with self._engine.connect() as connection:
                return question(connection)

        return await asyncio.to_thread(asked)

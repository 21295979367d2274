"""Cost of the SQL frontier: microseconds of CPU per URL to put, to put again, and to lease and finish.

    python bench/frontier.py [--database URL] [--urls 100000] [--hosts 2000]

SQLite in a temporary folder unless a database is named, whose frontier tables are then used and left
filled. A page's links are put together, 40 at a time; 32 rows are leased at a time.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from crawler.frontier import Candidate
from crawler.frontier.sql import SqlFrontier
from crawler.store.database import open_database
from crawler.store.writer import Writer

LINKS = 40
LEASE = 32


class Clock:
    """Jumps to whenever the next host is ready, so that politeness costs no waiting here."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def _candidate(number: int, hosts: int) -> Candidate:
    host = f"h{number * 7919 % hosts}.example"
    return Candidate(url=f"https://{host}/section/{number}/a-page-with-a-usual-name.html", host=host, depth=1)


async def _put(frontier: SqlFrontier, urls: int, hosts: int) -> None:
    for start in range(0, urls, LINKS):
        page = [_candidate(n, hosts) for n in range(start, min(start + LINKS, urls))]
        waiting = frontier.put(page)
        if start % (LINKS * 25) == 0 and waiting is not None:
            await waiting


async def _drain(frontier: SqlFrontier, clock: Clock) -> None:
    while True:
        lease = await frontier.lease(LEASE)
        for row in lease.rows:
            frontier.ack(row.id)
        if not lease.rows:
            if lease.next_due is None:
                return
            clock.now = lease.next_due


async def _timed(name: str, urls: int, work: Callable[[], Awaitable[None]], writer: Writer) -> None:
    wall, cpu = time.perf_counter(), time.process_time()
    await work()
    await writer.call(lambda connection: None)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(f"{name:<16}{cpu / urls * 1e6:8.1f} us CPU{wall / urls * 1e6:8.1f} us wall per URL")


async def _main(database: str, urls: int, hosts: int) -> None:
    writer = Writer(open_database(database))
    writer.start()
    clock = Clock()
    frontier = SqlFrontier(writer, clock, 2, 1.0)
    await frontier.recover()
    await _timed("put, new", urls, lambda: _put(frontier, urls, hosts), writer)
    await _timed("put, known", urls, lambda: _put(frontier, urls, hosts), writer)
    await _timed("lease and ack", urls, lambda: _drain(frontier, clock), writer)
    await writer.close()


def main() -> None:
    """Run the measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database")
    parser.add_argument("--urls", type=int, default=100_000)
    parser.add_argument("--hosts", type=int, default=2000)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        database = args.database or f"sqlite:///{Path(folder) / 'frontier.db'}"
        asyncio.run(_main(database, args.urls, args.hosts))


if __name__ == "__main__":
    main()

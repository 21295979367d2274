"""The frontier in the instance's own database: SQLite or PostgreSQL, nothing else to install.

Every call is one command in the writer's queue, so that links, documents and acknowledgements of a
page become durable in that order. Which rows are out is kept in memory, which is right because one
process owns the frontier: `crawler.frontier.lock` guards the data folder, an advisory lock the server.
"""

from __future__ import annotations

from asyncio import Future
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, func, select

from crawler.frontier import Candidate, Lease, Leased
from crawler.frontier import statements as sql
from crawler.frontier.in_flight import InFlight
from crawler.frontier.lock import InstanceBusyError
from crawler.frontier.schema import State, key_of
from crawler.store.writer import Writer

CHUNK = 500
"""URLs in one statement: far below every driver's limit on parameters."""
HOSTS_REMEMBERED = 100_000
ADVISORY_LOCK = 0x466F7262656172
"""Key of the PostgreSQL lock: `Forbear`. https://www.postgresql.org/docs/current/explicit-locking.html"""


class SqlFrontier:
    """`crawler.frontier.Frontier` over the record's writer. Call `recover` before anything else."""

    def __init__(
        self,
        writer: Writer,
        clock: Callable[[], float],
        per_host: int,
        delay: float | Callable[[str], float],
    ) -> None:
        """`delay`: seconds between two rows of a host, or a function that knows them by host name.

        `clock` is wall time, since a block outlives the process.
        """
        self._writer = writer
        self._clock = clock
        self._delay: Callable[[str], float] = delay if callable(delay) else lambda _: delay
        self._out = InFlight(per_host)
        self._host_ids: dict[str, int] = {}
        # Each touched by one thread only: `_finished` by the caller's, the others by the writer's.
        self._finished = 0
        self._added = 0
        self._next_later: float | None = None

    def recover(self) -> Future[int]:
        """Return rows that were out when the last process ended to waiting; the answer is how many."""
        return self._writer.call(self._recover)

    def put(self, candidates: Sequence[Candidate]) -> Future[int] | None:
        """See `Frontier.put`. None where there is nothing to add."""
        first: dict[str, Candidate] = {}
        for candidate in candidates:
            first.setdefault(candidate.url, candidate)
        kept = list(first.values())
        return self._writer.call(lambda connection: self._put(connection, kept)) if kept else None

    def lease(self, limit: int) -> Future[Lease]:
        """See `Frontier.lease`."""
        return self._writer.call(lambda connection: self._lease(connection, limit))

    def ack(self, row_id: int, retry_at: float | None = None) -> Future[None]:
        """See `Frontier.ack`."""
        if not self._out.give_back(row_id):
            return self._writer.call(lambda connection: None, apart=True)
        if retry_at is not None:
            return self._writer.call(lambda connection: self._retry(connection, row_id, retry_at))
        self._finished += 1
        return self._writer.insert(sql.DONE, {"of_row": row_id})

    def block(self, host: str, until: float) -> Future[None]:
        """See `Frontier.block`. A host that nothing was put for yet can be blocked too."""

        def act(connection: Connection) -> None:
            connection.execute(sql.BLOCK, {"of_host": self._host_id(connection, host), "at": until})

        return self._writer.call(act)

    def open_rows(self) -> Future[int]:
        """How many URLs are not finished."""
        return self._writer.call(lambda connection: self._added - self._finished)

    def deferred_beyond(self, until: float) -> Future[list[Leased]]:
        """URLs whose next try lies after `until`, be they put off themselves or their host blocked.

        They stay in the frontier: a later run of the same crawl takes them up.
        """
        return self._writer.call(
            lambda connection: [*map(_leased, connection.execute(sql.BEYOND, {"at": until}))]
        )

    def _retry(self, connection: Connection, row_id: int, at: float) -> None:
        connection.execute(sql.RETRY, {"of_row": row_id, "at": at})
        self._next_later = at if self._next_later is None else min(at, self._next_later)

    def _recover(self, connection: Connection) -> int:
        if connection.dialect.name == "postgresql" and not connection.scalar(
            select(func.pg_try_advisory_lock(ADVISORY_LOCK))
        ):
            raise InstanceBusyError("another crawl is running on this database; wait for it or stop it")
        returned = connection.execute(sql.RECOVER).rowcount
        connection.execute(sql.RECOUNT)
        counts = (connection.scalar(count) for count in (sql.COUNT_WAITING, sql.COUNT_LATER))
        self._added, self._finished = sum(int(n or 0) for n in counts), 0
        self._next_later = connection.scalar(sql.NEXT_LATER)
        return returned

    def _put(self, connection: Connection, candidates: list[Candidate]) -> int:
        before = self._added
        for start in range(0, len(candidates), CHUNK):
            new = _new(connection, candidates[start : start + CHUNK])
            rows = [self._row(connection, key, candidate) for key, candidate in new]
            if rows:
                connection.execute(sql.ADD_URL, rows)
                self._add_waiting(connection, Counter(row["host_id"] for row in rows))
            self._added += len(rows)
        return self._added - before

    def _row(self, connection: Connection, key: int, candidate: Candidate) -> dict[str, Any]:
        return {
            "key": key,
            "url": candidate.url,
            "host_id": self._host_id(connection, candidate.host),
            "state": State.WAITING.value,
            "rank": -candidate.priority,
            "due": 0.0,
            "attempt": 0,
            "depth": candidate.depth,
            "hops": candidate.hops,
            "via": candidate.via,
            "source": candidate.source,
        }

    def _add_waiting(self, connection: Connection, more: Counter[int]) -> None:
        if more:
            connection.execute(sql.ADD_WAITING, [{"of_host": h, "more": n} for h, n in more.items()])

    def _host_id(self, connection: Connection, name: str) -> int:
        known = self._host_ids.get(name)
        if known is None:
            known = connection.scalar(sql.HOST_ID, {"of_name": name})
            if known is None:
                row = {"name": name, "ready_at": self._clock(), "waiting": 0}
                known = connection.execute(sql.ADD_HOST, row).scalar_one()
            if len(self._host_ids) >= HOSTS_REMEMBERED:
                self._host_ids.clear()
            self._host_ids[name] = known
        return known

    def _lease(self, connection: Connection, limit: int) -> Lease:
        now = self._clock()
        self._promote(connection, now)
        rows: list[Leased] = []
        more = True
        while more and len(rows) < limit:
            turn, more = self._turn(connection, now, limit - len(rows))
            rows += turn
        return Lease(
            rows=tuple(rows),
            open_rows=self._added - self._finished,
            next_due=self._next_due(connection),
        )

    def _promote(self, connection: Connection, now: float) -> None:
        if self._next_later is not None and self._next_later <= now:
            hosts = connection.scalars(sql.PROMOTE, {"at": now})
            self._add_waiting(connection, Counter(hosts))
            self._next_later = connection.scalar(sql.NEXT_LATER)

    def _turn(self, connection: Connection, now: float, room: int) -> tuple[list[Leased], bool]:
        """One row of each ready host that has room, the host first that has been ready longest.

        The second value tells whether another turn could find anything.
        """
        full = self._out.full()
        found = connection.execute(sql.TURN, {"at": now, "room": room + len(full)})
        of_host = [(_leased(row), row[-1]) for row in found if row[-1] not in full][:room]
        if not of_host:
            return [], False
        connection.execute(sql.TAKE_URL, [{"of_row": row.id} for row, _ in of_host])
        waits = [{"of_host": h, "at": now + self._delay(row.host)} for row, h in of_host]
        connection.execute(sql.TAKE_HOST, waits)
        self._out.take({row.id: host_id for row, host_id in of_host})
        full = self._out.full()
        again = any(wait["at"] <= now and wait["of_host"] not in full for wait in waits)
        return [row for row, _ in of_host], again

    def _next_due(self, connection: Connection) -> float | None:
        full = self._out.full()
        ready = connection.execute(sql.NEXT_READY, {"room": len(full) + 1})
        moments = [at for host_id, at in ready if host_id not in full][:1]
        return min(moments if self._next_later is None else [*moments, self._next_later], default=None)


def _new(connection: Connection, candidates: list[Candidate]) -> Iterator[tuple[int, Candidate]]:
    """The candidates not known yet, each with a key that no other URL holds."""
    holders: dict[int, str] = {}
    probe = 0
    while candidates:
        keyed = [(key_of(candidate.url, probe), candidate) for candidate in candidates]
        known = connection.execute(sql.KNOWN, {"keys": [key for key, _ in keyed]})
        holders |= {row.key: row.url for row in known}
        candidates, probe = [], probe + 1
        for key, candidate in keyed:
            if key not in holders:
                holders[key] = candidate.url
                yield key, candidate
            elif holders[key] == "":
                pass  # its address was erased on request: it is not asked for again
            elif holders[key] != candidate.url:
                candidates.append(candidate)  # two URLs, one key: about one in 4e6 crawls of 3e6 URLs


def _leased(row: Any) -> Leased:
    row_id, address, host, depth, via, hops, source, attempt = row[:8]
    return Leased(
        id=row_id, url=address, host=host, depth=depth, via=via, hops=hops, source=source, attempt=attempt
    )

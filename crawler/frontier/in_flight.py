"""Which rows are out right now. Memory is enough: after a restart none is."""

from __future__ import annotations

from collections.abc import Mapping
from threading import Lock


class InFlight:
    """Leased rows by host. Leases are taken in the writer's thread, given back in the caller's."""

    def __init__(self, per_host: int) -> None:
        self._per_host = per_host
        self._lock = Lock()
        self._host_of: dict[int, int] = {}
        self._count: dict[int, int] = {}

    def full(self) -> frozenset[int]:
        """Hosts with no room, few: no more than rows are out."""
        with self._lock:
            return frozenset(h for h, count in self._count.items() if count >= self._per_host)

    def take(self, rows: Mapping[int, int]) -> None:
        """Note rows as out: row id to host id."""
        with self._lock:
            self._host_of.update(rows)
            for host_id in rows.values():
                self._count[host_id] = self._count.get(host_id, 0) + 1

    def give_back(self, row_id: int) -> bool:
        """Note a row as back; False if it was not out."""
        with self._lock:
            host_id = self._host_of.pop(row_id, None)
            if host_id is None:
                return False
            self._count[host_id] -= 1
            if not self._count[host_id]:
                del self._count[host_id]
            return True

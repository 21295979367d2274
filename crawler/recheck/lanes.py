"""Which host is asked next: one page of a host at a time, many hosts side by side."""

from __future__ import annotations

from collections import OrderedDict, deque
from urllib.parse import urlsplit

from crawler.store.queries.recheck import Due


def host_of(url: str) -> str:
    """The lane of a URL: its host name, whatever scheme and port."""
    try:
        return (urlsplit(url).hostname or "").removesuffix(".")
    except ValueError:
        return ""


class Lanes:
    """Documents that wait, by host. A host with a page in flight, or put off, gives none."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[str, deque[Due]] = OrderedDict()
        self._busy: set[str] = set()
        self._closed: set[str] = set()
        self.size = 0

    def add(self, row: Due) -> bool:
        """Let a document wait; False where its host was put off."""
        host = host_of(row.url)
        if host in self._closed:
            return False
        self._waiting.setdefault(host, deque()).append(row)
        self.size += 1
        return True

    def take(self) -> Due | None:
        """The next document of a host that is free; None where there is none."""
        host = next((host for host in self._waiting if host not in self._busy), None)
        if host is None:
            return None
        lane = self._waiting[host]
        row = lane.popleft()
        self._waiting.move_to_end(host)
        if not lane:
            del self._waiting[host]
        self._busy.add(host)
        self.size -= 1
        return row

    def done(self, row: Due) -> None:
        """The document's host is free again."""
        self._busy.discard(host_of(row.url))

    def close(self, host: str) -> int:
        """Put a host off for the rest of the run; how many of its documents waited."""
        self._closed.add(host)
        left = len(self._waiting.pop(host, ()))
        self.size -= left
        return left

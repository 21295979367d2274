"""Scrapy's scheduler over the durable frontier.

Leases answer later on the loop, so the engine is woken by hand: a scheduler that returns None
otherwise sleeps until Scrapy's five-second heartbeat. A row is acknowledged when the engine has let
go of its request, which is after callback, items and pipelines; the links a page gave, its decision
and its acknowledgement go through one queue in this order, so a finished row's document is there.
"""

from __future__ import annotations

import asyncio
from collections import deque

from scrapy import Request, Spider
from scrapy.core.scheduler import BaseScheduler
from scrapy.crawler import Crawler

from crawler.components.runtime import runtime_of
from crawler.frontier import Candidate, Lease, Leased

_BATCH = 512


class FrontierScheduler(BaseScheduler):
    """Leases about as many rows as there is room for; the frontier alone knows what is due."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._runtime = runtime_of(crawler)
        self._session = self._runtime.session
        self._frontier = self._session.frontier
        self._want = crawler.settings.getint("CONCURRENT_REQUESTS")
        self._ready: deque[Leased] = deque()
        self._out: dict[Request, Leased] = {}
        self._fresh: list[Candidate] = []
        self._asking = False
        self._stale = True
        """Whether something happened that may have made a row due."""
        self._open_rows = 1
        self._timer: asyncio.TimerHandle | None = None
        self._spider: Spider | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> FrontierScheduler:
        """Build over the session's frontier."""
        return cls(crawler)

    def open(self, spider: Spider) -> None:
        """Remember whose callbacks rows belong to."""
        self._spider = spider

    def close(self, reason: str) -> None:
        """Acknowledge what is finished. What was leased and not fetched goes back when the data
        folder is opened again, which also serves a second Ctrl-C, on which Scrapy calls nothing."""
        self._sweep()
        if self._timer:
            self._timer.cancel()

    def has_pending_requests(self) -> bool:
        """Whether anything may still come: leased, asked for, or waiting within reach."""
        return bool(self._ready or self._out or self._asking or self._fresh or self._open_rows)

    def enqueue_request(self, request: Request) -> bool:
        """Put a URL into the frontier; False where the session leaves it out."""
        candidate = Candidate(
            url=request.url.partition("#")[0],
            host=self._session.host_of(request.url),
            depth=int(request.meta.get("depth", 0)),
            via=request.meta.get("via"),
            hops=int(request.meta.get("hops", 0)),
            source=request.meta.get("source", "link"),
        )
        if not self._session.considers(candidate):
            return False
        self._fresh.append(candidate)
        if len(self._fresh) >= _BATCH:
            self._flush()
        return True

    def next_request(self) -> Request | None:
        """The next due request, or None; asks for more in good time."""
        self._sweep()
        if self._session.stopped or self._session.is_full(len(self._out)):
            return None  # what is leased stays in the frontier for the next run
        self._ask()
        if not self._ready:
            return None
        row = self._ready.popleft()
        request = self._request(row)
        self._out[request] = row
        return request

    def _request(self, row: Leased) -> Request:
        meta = {
            "depth": row.depth,
            "via": row.via,
            "hops": row.hops,
            "source": row.source,
            "attempt": row.attempt + 1,
        }
        callback = getattr(self._spider, "parse_sitemap", None) if row.source == "sitemap" else None
        return Request(row.url, meta=meta, callback=callback, dont_filter=True)

    def _sweep(self) -> None:
        slot = self._crawler.engine._slot if self._crawler.engine else None
        inprogress = slot.inprogress if slot else ()
        done = [request for request in self._out if request not in inprogress]
        if done or self._fresh:
            self._flush()
        for request in done:
            row = self._out.pop(request)
            self._frontier.ack(row.id, retry_at=self._runtime.retry_at.pop(request, None))
            self._stale = True

    def _flush(self) -> None:
        if self._fresh:
            self._frontier.put(self._fresh)
            self._fresh = []
            self._stale = True

    def _ask(self) -> None:
        if self._asking or not self._stale or len(self._ready) > self._want // 2 or self._closing:
            return
        self._asking, self._stale = True, False
        future = self._frontier.lease(self._want - len(self._ready))
        future.add_done_callback(self._leased)

    @property
    def _closing(self) -> bool:
        slot = self._crawler.engine._slot if self._crawler.engine else None
        return slot is None or slot.closing is not None

    def _leased(self, future: asyncio.Future[Lease]) -> None:
        self._asking = False
        if future.cancelled() or future.exception() is not None:
            self._open_rows = 0
            self._session.stop(f"the frontier failed: {future.exception() if not future.cancelled() else ''}")
            return
        lease = future.result()
        self._ready.extend(lease.rows)
        self._open_rows = lease.open_rows
        if self._closing:
            return
        if lease.rows or self._stale:
            self._wake()
        elif not self._out:
            self._wait(lease)
            return
        if lease.next_due is not None:
            self._wake_at(lease.next_due)

    def _wait(self, lease: Lease) -> None:
        """Nothing is in flight: sleep until the next row is due, or end where none is in reach."""
        now = self._session.now()
        within = self._session.config.politeness.give_up_after
        if lease.next_due is None or lease.next_due - now > within:
            self._open_rows = 0
            self._wake()
        else:
            self._wake_at(lease.next_due)

    def _wake_at(self, when: float) -> None:
        if self._timer:
            self._timer.cancel()
        delay = max(0.01, when - self._session.now())
        self._timer = asyncio.get_running_loop().call_later(delay, self._due)

    def _due(self) -> None:
        self._stale = True
        self._wake()

    def _wake(self) -> None:
        slot = self._crawler.engine._slot if self._crawler.engine else None
        if slot is not None and slot.closing is None:
            slot.nextcall.schedule()

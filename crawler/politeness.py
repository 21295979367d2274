"""How hard a host is asked: one clock per host for pages and evidence alike.

A host is a host name; its ports and schemes share one clock, since they share one machine's
patience.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from datetime import time as time_of_day
from email.utils import parsedate_to_datetime
from itertools import islice

MAX_DELAY = 120.0
"""Seconds; a longer Crawl-delay is clamped, since it would close a site by accident."""
MAX_RETRY_AFTER = 86_400.0
MAX_HOSTS = 100_000
_TOLERANCE = 0.01
"""Seconds by which a request may come early: a clock's grain, not somebody's patience."""
_LOOK_AT = 64
"""Hosts looked at to find one to forget; the rest of the search is left to the next call."""

_SECONDS = re.compile(r"[0-9]+(?:\.[0-9]+)?")


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """Time as an argument, so that tests can pass their own."""

    monotonic: Callable[[], float] = time.monotonic
    wall: Callable[[], datetime] = _now
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """Waiting times after failures in a row: doubled each time, up to a cap."""

    start: float = 30.0
    cap: float = 3600.0

    def seconds(self, failures: int) -> float:
        """How long to wait after that many failures in a row; 0 after none."""
        if failures < 1:
            return 0.0
        return float(min(self.cap, self.start * 2.0 ** min(failures - 1, 64)))


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitWindow:
    """`Visit-time: 0400-0845`: hours of the day, in UTC, at which visits are welcome."""

    start: time_of_day
    end: time_of_day
    """Not part of the window. Before `start`: the window crosses midnight; equal: all day."""

    def seconds_until_open(self, now: datetime) -> float:
        """0 inside the window."""
        now = now.astimezone(UTC)
        at = now.time()
        inside = self.start <= at < self.end if self.start < self.end else at >= self.start or at < self.end
        if inside:
            return 0.0
        opening = datetime.combine(now.date(), self.start, UTC)
        if opening <= now:
            opening += timedelta(days=1)
        return (opening - now).total_seconds()


def retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds that a `Retry-After` asks for (RFC 9110 section 10.2.3), clamped to a day.

    `now` is aware. None where the field is missing or no reading of it makes sense.
    """
    text = (value or "").strip()
    if _SECONDS.fullmatch(text):
        return min(float(text), MAX_RETRY_AFTER)
    try:
        when = parsedate_to_datetime(text)
        if when.tzinfo is None:
            when = when.replace(tzinfo=UTC)
        seconds = (when - now).total_seconds()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return min(max(0.0, seconds), MAX_RETRY_AFTER)


@dataclass(slots=True)
class _Host:
    delay: float
    next_free: float = 0.0
    blocked_until: float = 0.0
    last_sent: float = float("-inf")
    window: VisitWindow | None = None
    places: asyncio.Semaphore | None = None
    holders: int = field(default=0)


class Pace:
    """Who may ask which host when. Everything runs on one event loop; nothing is locked."""

    def __init__(
        self,
        delay: float = 1.0,
        per_host: int = 2,
        *,
        max_delay: float = MAX_DELAY,
        max_hosts: int = MAX_HOSTS,
        clock: Clock | None = None,
    ) -> None:
        self._delay = delay
        self._per_host = per_host
        self._max_delay = max(delay, max_delay)
        self._max_hosts = max_hosts
        self._clock = clock or Clock()
        self._hosts: OrderedDict[str, _Host] = OrderedDict()

    async def turn(self, host: str) -> None:
        """Wait for the host's next slot and take it. A block that comes meanwhile is waited for too."""
        while True:
            known = self._host(host)
            start = self._start(known)
            known.next_free = start + known.delay
            known.holders += 1
            try:
                # Also without a wait: a slot at once still lets other tasks run.
                await self._clock.sleep(max(0.0, start - self._clock.monotonic()))
            finally:
                known.holders -= 1
            if self._closed_for(known) <= 0:
                return

    async def send(self, host: str) -> None:
        """The last moment before a request leaves: what delayed the one before it since its turn must
        not shorten the gap between the two."""
        known = self._host(host)
        while (early := known.last_sent + known.delay - self._clock.monotonic()) > _TOLERANCE:
            await self._clock.sleep(early)
        known.last_sent = self._clock.monotonic()
        known.next_free = max(known.next_free, known.last_sent + known.delay)

    @asynccontextmanager
    async def place(self, host: str) -> AsyncIterator[None]:
        """One of the host's places while a request is in flight: pages and evidence share them."""
        known = self._host(host)
        if known.places is None:
            known.places = asyncio.Semaphore(self._per_host)
        known.holders += 1
        try:
            async with known.places:
                yield
        finally:
            known.holders -= 1

    @asynccontextmanager
    async def visit(self, host: str) -> AsyncIterator[None]:
        """A place and a turn: the whole of one polite request."""
        async with self.place(host):
            await self.turn(host)
            await self.send(host)
            yield

    def wait_for(self, host: str) -> float:
        """Seconds until the host's next slot is free; takes nothing."""
        known = self._hosts.get(host)
        if known is None:
            return 0.0
        return max(0.0, self._start(known) - self._clock.monotonic())

    def set_delay(self, host: str, seconds: float) -> float:
        """Set the seconds between two requests (Crawl-delay, Request-rate); returns what holds.

        Never below the configured delay, never above `max_delay`. Forgotten with an idle host when
        memory is full, so set it with each reading of robots.txt.
        """
        known = self._host(host)
        valid = seconds if seconds == seconds else self._max_delay  # not a number: the long one
        known.delay = min(max(self._delay, valid), self._max_delay)
        return known.delay

    def set_visit_window(self, host: str, window: VisitWindow | None) -> None:
        """Hours at which the host may be asked; None for all."""
        self._host(host).window = window

    def block(self, host: str, until: datetime) -> None:
        """Ask the host nothing before that moment; at most a day ahead, never shortened."""
        ahead = (until - self._clock.wall()).total_seconds()
        known = self._host(host)
        moment = self._clock.monotonic() + min(ahead, MAX_RETRY_AFTER)
        known.blocked_until = max(known.blocked_until, moment)
        known.next_free = max(known.next_free, known.blocked_until)

    def _start(self, known: _Host) -> float:
        """When the next slot begins: free, not blocked, inside the visit window."""
        now = self._clock.monotonic()
        start = max(now, known.next_free, known.blocked_until)
        if known.window is None:
            return start
        then = self._clock.wall() + timedelta(seconds=start - now)
        return start + known.window.seconds_until_open(then)

    def _closed_for(self, known: _Host) -> float:
        now = self._clock.monotonic()
        blocked = known.blocked_until - now
        shut = known.window.seconds_until_open(self._clock.wall()) if known.window else 0.0
        return max(blocked, shut)

    def _host(self, host: str) -> _Host:
        known = self._hosts.get(host)
        if known is None:
            self._make_room()
            known = self._hosts[host] = _Host(delay=self._delay)
        self._hosts.move_to_end(host)
        return known

    def _make_room(self) -> None:
        """Forget the host that was asked longest ago; one that is waited for or blocked, last."""
        if len(self._hosts) < self._max_hosts:
            return
        now = self._clock.monotonic()
        full = len(self._hosts) >= 2 * self._max_hosts
        for name in list(islice(self._hosts, _LOOK_AT)):
            known = self._hosts[name]
            if not known.holders and (full or known.next_free <= now):
                del self._hosts[name]
                return
            self._hosts.move_to_end(name)

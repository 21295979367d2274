"""How slowly a robots.txt asks to be visited: Crawl-delay, Request-rate, Visit-time.

None of the three is in RFC 9309; they are read as their inventors meant them, the slowest wins, and
a value that could mean anything means nothing. Files in the wild hold `Crawl-delay: [5]`, and a
`Visit-time` in it (`0100-0800`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from reservations.model import Agent
from reservations.readers.robots_groups import records_of, select
from reservations.readers.robots_lines import Record
from reservations.readers.robots_txt import RobotsFile

MAX_DELAY = 120.0
"""Seconds between requests that are granted at most; `604800` is not a delay but a closed door."""

_DELAY = re.compile(r"[\[(\"']?[ \t]*([0-9]{1,12}(?:[.,][0-9]{1,9})?)[ \t]*(?:s|sec|seconds)?[ \t]*[\])\"']?")
_RATE = re.compile(r"([0-9]{1,9})[ \t]*/[ \t]*([0-9]{1,9})[ \t]*([smhd]?)(?:[ \t]+(.*))?", re.IGNORECASE)
_WINDOW = re.compile(r"([0-9]{1,2})([0-9]{2})[ \t]*[- \t][ \t]*([0-9]{1,2})([0-9]{2})")
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitTime:
    """A daily window in UTC, as minutes after midnight; it spans midnight where `end < start`."""

    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRate:
    """So many requests in so many seconds, perhaps only inside a window."""

    requests: int
    seconds: int
    window: VisitTime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CrawlLimits:
    """What a file asks of one agent. None where it does not say, or not clearly."""

    delay: float | None = None
    """Seconds between requests, 0 to MAX_DELAY."""
    request_rate: RequestRate | None = None
    visit_time: VisitTime | None = None


@lru_cache(maxsize=1024)
def crawl_limits(file: RobotsFile, agent: Agent) -> CrawlLimits:
    """Limits of the groups that bind an agent by its token or an alias, the slowest of each kind."""
    groups = select(file.lenient, agent.token).speaking
    aliased = tuple(g for alias in agent.aliases for g in select(file.lenient, alias).own)
    records = tuple(dict.fromkeys(records_of(dict.fromkeys(groups + aliased), *_KEYS)))
    delays = [d for r in _of(records, "delay") if (d := read_delay(r.value)) is not None]
    rates = [rate for r in _of(records, "rate") if (rate := read_request_rate(r.value)) is not None]
    windows = [w for r in _of(records, "time") if (w := read_visit_time(r.value)) is not None]
    return CrawlLimits(
        delay=max(delays, default=None),
        request_rate=max(rates, key=lambda rate: rate.seconds / rate.requests, default=None),
        visit_time=windows[0] if windows else None,
    )


def read_delay(value: str) -> float | None:
    """Seconds of a Crawl-delay, clamped; None for `0100-0800` and other things that are no number."""
    match = _DELAY.fullmatch(value.strip().lower())
    return min(float(match[1].replace(",", ".")), MAX_DELAY) if match else None


def read_request_rate(value: str) -> RequestRate | None:
    """`n/seconds` with an optional unit and window; a bare `10` says no rate."""
    match = _RATE.fullmatch(value.strip())
    if match is None or not int(match[1]) or not int(match[2]):
        return None
    seconds = int(match[2]) * _SECONDS[match[3].lower()]
    return RequestRate(requests=int(match[1]), seconds=seconds, window=read_visit_time(match[4] or ""))


def read_visit_time(value: str) -> VisitTime | None:
    """`HHMM-HHMM` in UTC; a blank instead of the hyphen is read too."""
    match = _WINDOW.fullmatch(value.strip())
    if match is None:
        return None
    start, end = (int(match[i]) * 60 + int(match[i + 1]) for i in (1, 3))
    return VisitTime(start=start, end=end) if max(start, end) <= 24 * 60 else None


_KEYS = tuple(
    kind + blank + what
    for kind, what in (("crawl", "delay"), ("request", "rate"), ("visit", "time"))
    for blank in ("-", " ", "")
)


def _of(records: Iterable[Record], ending: str) -> Iterable[Record]:
    return (r for r in records if r.key.endswith(ending))

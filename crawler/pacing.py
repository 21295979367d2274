"""What robots.txt asks of our pace, put into the host's clock."""

from __future__ import annotations

from datetime import time as time_of_day

from crawler.politeness import Pace, VisitWindow
from reservations.readers.robots_limits import CrawlLimits


def apply_limits(pace: Pace, host: str, limits: CrawlLimits) -> None:
    """Set the delay and the hours that Crawl-delay, Request-rate and Visit-time ask for."""
    pace.set_delay(host, _seconds_between(limits))
    pace.set_visit_window(host, _window(limits))


def _seconds_between(limits: CrawlLimits) -> float:
    rate = limits.request_rate
    return max(limits.delay or 0.0, rate.seconds / rate.requests if rate and rate.requests else 0.0)


def _window(limits: CrawlLimits) -> VisitWindow | None:
    hours = limits.visit_time
    if hours is None:
        return None
    start, end = (time_of_day(minutes // 60 % 24, minutes % 60) for minutes in (hours.start, hours.end))
    return VisitWindow(start=start, end=end)

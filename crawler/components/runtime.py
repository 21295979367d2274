"""What the components of one Scrapy crawl share, kept beside the crawler and never in settings."""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

from scrapy import Request
from scrapy.crawler import Crawler

from crawler.components.permits import Permits
from crawler.exchange import Exchange
from crawler.session import Session


class Runtime:
    """References only: the session does the work."""

    def __init__(self, session: Session, *, own: bool) -> None:
        self.session = session
        self.own = own
        """True in `forbear crawl`, whose frontier retries; False as an add-on."""
        self.permits = Permits()
        self.exchanges: WeakKeyDictionary[Request, Exchange] = WeakKeyDictionary()
        self.retry_at: WeakKeyDictionary[Request, float] = WeakKeyDictionary()
        """When the frontier should offer a request again, in seconds since the epoch."""
        self.stamped: dict[int, Any] = {}
        """Items of kept pages on their way to the pipelines, by identity."""


_RUNTIMES: WeakKeyDictionary[Crawler, Runtime] = WeakKeyDictionary()


def adopt(crawler: Crawler, runtime: Runtime) -> None:
    """Give a crawler its runtime, once, before its components are built."""
    _RUNTIMES[crawler] = runtime


def is_adopted(crawler: Crawler) -> bool:
    """Whether a crawler has its runtime: `forbear crawl` gives it one before the add-on is asked."""
    return crawler in _RUNTIMES


def runtime_of(crawler: Crawler) -> Runtime:
    """The runtime of a crawler. Raises RuntimeError where the add-on did not install one."""
    try:
        return _RUNTIMES[crawler]
    except KeyError:
        raise RuntimeError(
            'Forbear\'s components need its add-on: ADDONS = {"crawler.components.addon.ForbearAddon": 300}'
        ) from None

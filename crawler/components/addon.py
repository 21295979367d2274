"""One line in a Scrapy project: gate, log and identity, without changing a spider.

    ADDONS = {"crawler.components.addon.ForbearAddon": 300}

A configuration that cannot be used, or that does not say who asks, fails the start: a crawl that
believes itself gated and is not would be the worst outcome.
"""

from __future__ import annotations

import gc
import logging
from pathlib import Path
from typing import Any

from scrapy import Spider, signals
from scrapy.core.downloader import Downloader
from scrapy.crawler import Crawler
from scrapy.exceptions import CloseSpider
from scrapy.settings import BaseSettings, SettingsAttribute

import crawler as package  # the module object itself, to see whether another package shadows ours
from crawler.components.demand import DemandMiddleware, DemandPipeline
from crawler.components.gate_middleware import GateMiddleware
from crawler.components.handler import GateHandler
from crawler.components.identity_middleware import IdentityMiddleware
from crawler.components.project import configuration
from crawler.components.runtime import Runtime, adopt, is_adopted, runtime_of
from crawler.components.settle_middleware import SettleMiddleware
from crawler.config import ConfigError
from crawler.session import Session

log = logging.getLogger(__name__)
_STRONGEST = 1000
_OTHER_HANDLERS = ("playwright", "curl_cffi", "impersonate", "zyte", "selenium", "splash")


class Pinned(SettingsAttribute):
    """A setting that later code cannot replace, whatever priority it gives."""

    def set(self, value: Any, priority: int) -> None:
        """Called by every later `settings.set`; says so and changes nothing."""
        if value != self.value:
            log.warning("Forbear: ignored an attempt to replace a pinned setting")


class ForbearAddon:
    """Installs everything in one place."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> ForbearAddon:
        """Called by Scrapy's add-on manager."""
        return cls(crawler)

    @classmethod
    def update_pre_crawler_settings(cls, settings: BaseSettings) -> None:
        """Runs before a spider's own settings: the add-on cannot be switched off by them."""
        settings.attributes["ADDONS"] = Pinned(settings["ADDONS"], _STRONGEST)

    def update_settings(self, settings: BaseSettings) -> None:
        """Install handler, middlewares and safe defaults; refuse what cannot be gated."""
        _refuse_other_handlers(settings)
        if not is_adopted(self._crawler):
            adopt(self._crawler, Runtime(Session(configuration(settings)), own=False))
        _install(settings)
        connect = self._crawler.signals.connect
        connect(self._opened, signal=signals.spider_opened)
        connect(self._closed, signal=signals.engine_stopped)

    async def _opened(self, spider: Spider) -> None:
        downloader = self._crawler.engine.downloader if self._crawler.engine else None
        schemes = {} if downloader is None else dict(downloader.handlers._schemes)
        schemes.pop("data", None)
        if type(downloader) is not Downloader or schemes != {"http": GateHandler, "https": GateHandler}:
            raise CloseSpider("security.gate_missing")
        runtime = runtime_of(self._crawler)
        await runtime.session.ensure_open(f"scrapy crawl {spider.name}")
        _spare_the_collector(own=runtime.own)

    async def _closed(self) -> None:
        runtime = runtime_of(self._crawler)
        if not runtime.own:
            stats = self._crawler.stats
            reason = stats.get_value("finish_reason") if stats else None
            await runtime.session.close("finished" if reason == "finished" else str(reason))


def _spare_the_collector(*, own: bool) -> None:
    """Leave what was loaded to start with out of every later search for garbage.

    Measured: our modules would otherwise add a twentieth to the CPU of a crawl. In our own crawl, which
    keeps no trees of pages, a search can also be less frequent; lxml's in other spiders would pile up.
    """
    gc.collect()
    gc.freeze()
    if own:
        gc.set_threshold(5000, 10, 10)


def _refuse_other_handlers(settings: BaseSettings) -> None:
    _refuse_shadow()
    for scheme, handler in settings.getdict("DOWNLOAD_HANDLERS").items():
        name = str(handler).lower()
        if scheme in ("http", "https") and any(other in name for other in _OTHER_HANDLERS):
            raise ConfigError(
                f"DOWNLOAD_HANDLERS[{scheme!r}] is {handler}: Forbear cannot gate another download handler; "
                "remove it, or run these spiders in a project without Forbear"
            )


def _refuse_shadow() -> None:
    place = Path(package.__file__ or "").resolve().parent
    if place != Path(__file__).resolve().parents[1]:
        raise ConfigError(
            f"another package named `crawler` is in the way: {place}; Forbear cannot run beside it"
        )


def _install(settings: BaseSettings) -> None:
    own = {"http": GateHandler, "https": GateHandler, "ftp": None, "s3": None, "file": None}
    forced: dict[str, Any] = {
        "DOWNLOAD_HANDLERS": {**settings.getdict("DOWNLOAD_HANDLERS"), **own},
        "DOWNLOADER": "scrapy.core.downloader.Downloader",
        "ROBOTSTXT_OBEY": False,
        "COOKIES_ENABLED": False,
        "HTTPPROXY_ENABLED": False,  # the session names the proxy, for pages and evidence alike
        "DOWNLOAD_VERIFY_CERTIFICATES": True,
        "DOWNLOAD_FAIL_ON_DATALOSS": True,
    }
    for name, value in forced.items():
        settings.set(name, value, _STRONGEST)
    codes = [c for c in settings.getlist("RETRY_HTTP_CODES") if int(c) not in (429, 503)]
    settings.set("RETRY_HTTP_CODES", codes, _STRONGEST)
    for place, component, priority in (
        ("DOWNLOADER_MIDDLEWARES", GateMiddleware, 40),
        ("DOWNLOADER_MIDDLEWARES", IdentityMiddleware, 990),
        ("DOWNLOADER_MIDDLEWARES", SettleMiddleware, 995),
        ("SPIDER_MIDDLEWARES", DemandMiddleware, 5),
        ("ITEM_PIPELINES", DemandPipeline, -1000),
    ):
        settings.set_in_component_priority_dict(place, component, priority)

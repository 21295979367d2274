"""The gate in front of every request: new, redirected, retried or sent past the engine."""

from __future__ import annotations

from urllib.parse import urlsplit

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest

from crawler.components.runtime import Runtime, runtime_of
from crawler.exchange import Exchange
from reservations.model import Verdict


class LeftOut(IgnoreRequest):
    """The gate left a URL out; the message names the reason, the record has all of it."""


def left_out(exchange: Exchange) -> LeftOut:
    """The exception that tells Scrapy about a decision."""
    decision = exchange.decision
    verdict, reason = (decision.verdict, decision.reason) if decision else ("defer", "error.undecided")
    return LeftOut(f"{verdict}: {reason}: {exchange.url[:200]!r}")


class GateMiddleware:
    """Asks the session before a request goes on, and grants the permit."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> GateMiddleware:
        """Build for a crawler that the add-on prepared."""
        return cls(runtime_of(crawler))

    async def process_request(self, request: Request) -> None:
        """Admit the request or raise LeftOut."""
        exchange = await self._runtime.session.admit(
            request.url, via=_via(request), attempt=_attempt(request), method=request.method
        )
        exchange.source = str(request.meta.get("source", "link"))
        self._runtime.exchanges[request] = exchange
        if exchange.decision is None or exchange.decision.verdict is not Verdict.KEEP:
            if until := await self._runtime.session.refuse(exchange):
                self._runtime.retry_at[request] = until
            raise left_out(exchange)
        # a redirect copies meta, and with it the delay slot of the host it came from
        request.meta["download_slot"] = urlsplit(request.url).hostname
        request.meta["proxy"] = self._runtime.session.proxy_for(request.url)
        await self._runtime.session.turn(exchange)
        self._runtime.permits.grant(request)


def _via(request: Request) -> str | None:
    hops = request.meta.get("redirect_urls") or ()
    return request.meta.get("via") or (hops[-1] if hops else None)


def _attempt(request: Request) -> int:
    return int(request.meta.get("attempt", 0)) or int(request.meta.get("retry_times", 0)) + 1

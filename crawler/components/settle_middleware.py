"""Nearest the wire: everything about an answer is settled before anything else sees it."""

from __future__ import annotations

from typing import Any

from scrapy import Request, signals
from scrapy.crawler import Crawler
from scrapy.exceptions import CloseSpider, StopDownload
from scrapy.http import Response
from scrapy.responsetypes import responsetypes

from crawler.components.gate_middleware import left_out
from crawler.components.runtime import Runtime, runtime_of
from crawler.exchange import Exchange, Wire
from reservations.model import Verdict


class SettleMiddleware:
    """Judges headers and body, records the decision, and hands on only what is kept."""

    def __init__(self, runtime: Runtime, crawler: Crawler) -> None:
        self._runtime = runtime
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> SettleMiddleware:
        """Build, and listen for the heads of answers."""
        middleware = cls(runtime_of(crawler), crawler)
        crawler.signals.connect(middleware.headers_received, signal=signals.headers_received)
        return middleware

    def headers_received(self, request: Request) -> None:
        """Stop a download whose head already decides. Any doubt stops it too: never fail open."""
        exchange = self._runtime.exchanges.get(request)
        if exchange is None or exchange.wire is None:
            raise StopDownload(fail=True)
        try:
            goes_on = self._runtime.session.read_head(exchange)
        except Exception as error:
            # Scrapy logs and forgets any other exception of a signal handler, and reads the body
            self._runtime.session.broken(exchange, "headers", error)
            goes_on = False
        if not goes_on:
            raise StopDownload(fail=True)

    async def process_response(self, request: Request, response: Response) -> Response | Request:
        """Settle an answer: the decoded response of a kept page, or LeftOut."""
        exchange = self._exchange(request, response)
        try:
            body = await self._runtime.session.read_body(exchange, response.body)
        except Exception as error:  # a defect of ours keeps nothing, and is a decision too
            self._runtime.session.broken(exchange, "body", error)
        await self._settled(request, exchange)
        if exchange.redirect:
            return self._redirect(request, response, exchange.redirect)
        if exchange.decision is None or exchange.decision.verdict is not Verdict.KEEP:
            raise left_out(exchange)
        request.meta["nofollow"] = exchange.nofollow
        return _decoded(response, body)

    async def process_exception(self, request: Request, exception: Exception) -> None:
        """Settle a failed or stopped download."""
        exchange = self._runtime.exchanges.get(request)
        if exchange is None or exchange.settled:
            return
        if isinstance(exception, StopDownload):
            exchange.received = len(getattr(exception, "response", None).body or b"")  # type: ignore[union-attr]
        else:
            self._runtime.session.failed(exchange, exception)
        await self._settled(request, exchange)
        raise left_out(exchange) from exception

    async def _settled(self, request: Request, exchange: Exchange) -> None:
        until = await self._runtime.session.settle(exchange)
        if until is not None:
            self._runtime.retry_at[request] = until

    def _exchange(self, request: Request, response: Response) -> Exchange:
        exchange = self._runtime.exchanges.get(request)
        if exchange is None:
            raise CloseSpider("security.gate_missing")
        if exchange.wire is None:  # from HTTPCACHE: no socket was opened, no head was signalled
            exchange.wire = _wire_of(response)
            self._runtime.session.read_head(exchange)
        return exchange

    def _redirect(self, request: Request, response: Response, target: str) -> Response | Request:
        if not self._runtime.own:
            # the project's own RedirectMiddleware follows, and the gate meets the hop; nobody judged the body
            return response.replace(body=b"")
        hops = int(request.meta.get("hops", 0)) + 1
        meta = {"via": request.url, "hops": hops, "depth": request.meta.get("depth", 0), "source": "redirect"}
        return Request(target, meta=meta, dont_filter=True)


def _wire_of(response: Response) -> Wire:
    headers = tuple((k, v) for k, values in response.headers.items() for v in values)
    return Wire(version=b"HTTP/1.1", status=response.status, reason=b"", headers=headers)


def _decoded(response: Response, body: bytes) -> Response:
    """The response with its decoded body.

    Built anew: `Response.replace()` reads `.encoding`, which sniffs the charset of the compressed
    bytes wherever the header names none.
    """
    headers = response.headers.copy()
    if body is not response.body:
        headers.pop("Content-Encoding", None)
        headers["Content-Length"] = str(len(body))
    cls = responsetypes.from_args(headers=headers, url=response.url, body=body)
    arguments: dict[str, Any] = {
        "status": response.status,
        "headers": headers,
        "body": body,
        "flags": response.flags,
        "request": response.request,
        "certificate": response.certificate,
        "ip_address": response.ip_address,
        "protocol": response.protocol,
    }
    return cls(response.url, **arguments)

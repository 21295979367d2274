"""The aiohttp handler, with header lines as received, URLs as judged, and guarded sockets.

Private API of Scrapy 2.19 and aiohttp 3.14; `tests/integration/test_handlers.py` is its contract.
"""

from __future__ import annotations

import aiohttp
from scrapy import Request
from scrapy.core.downloader.handlers._aiohttp import AiohttpDownloadHandler, _ClientResponse
from scrapy.crawler import Crawler
from scrapy.http import Headers, Response

from crawler.components.runtime import runtime_of
from crawler.exchange import Wire


class WireAiohttpHandler(AiohttpDownloadHandler):
    """Keeps the head of every answer in the request's exchange before a byte of body is read."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._runtime = runtime_of(crawler)
        connector = self._session.connector
        assert isinstance(connector, aiohttp.TCPConnector)
        # aiohttp calls no custom resolver for IP literals; the socket factory sees every address
        connector._socket_factory = self._runtime.session.guard.socket_factory

    @staticmethod
    def _extract_headers(response: _ClientResponse) -> Headers:
        # bytes, since str raises UnicodeEncodeError on one non-UTF-8 octet in a header
        return Headers(list(response.raw_headers))

    async def _read_response(self, response: _ClientResponse, request: Request) -> Response:
        exchange = self._runtime.exchanges.get(request)
        if exchange is not None:
            exchange.wire = _wire(response)
        return await super()._read_response(response, request)


def _wire(response: _ClientResponse) -> Wire:
    version = response.version
    peer = response._peername
    return Wire(
        version=b"HTTP/%d.%d" % (version.major, version.minor) if version else b"HTTP/1.1",
        status=response.status,
        reason=(response.reason or "").encode("utf-8", "surrogateescape"),
        headers=tuple(response.raw_headers),
        ip=str(peer[0]) if peer else "",
    )

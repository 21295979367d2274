"""The download handler: the lowest point of the crawler, where the gate is enforced.

It opens no socket for a request that does not carry the gate's permit for exactly this method and
URL, and refuses what would reach another place than the one that was judged: a forged `Host`, a
proxy that is not the operator's, credentials in the URL, another host's delay slot.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response
from scrapy.utils.misc import build_from_crawler, load_object

from crawler.components.runtime import Runtime, runtime_of

_TX = "crawler.components.wire_tx.WireTwistedHandler"
_AIO = "crawler.components.wire_aio.WireAiohttpHandler"


class GateHandler:
    """Stands in for the handlers of `http` and `https`."""

    lazy = True

    def __init__(self, inner: Any, runtime: Runtime) -> None:
        self._inner = inner
        self._runtime = runtime
        self._limit = runtime.session.config.crawl.max_body
        self._sign = runtime.session.instance.signer

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> GateHandler:
        """Wrap the handler that fits the crawler's event loop."""
        path = _TX if crawler.settings.getbool("TWISTED_REACTOR_ENABLED") else _AIO
        return cls(build_from_crawler(load_object(path), crawler), runtime_of(crawler))

    async def download_request(self, request: Request) -> Response:
        """Download a permitted request; raise IgnoreRequest for any other."""
        if why := self._refusal(request):
            raise IgnoreRequest(f"security.{why}: {request.url[:200]!r}")
        # as is on the wire: aiohttp would resolve `/a/../b` and `%70` after the URL was judged
        request.meta["verbatim_url"] = True
        request.meta["download_maxsize"] = self._limit
        request.meta["download_timeout"] = self._runtime.session.config.network.timeout
        host, pace = str(request.meta["download_slot"]), self._runtime.session.instance.pace
        async with pace.place(host):
            await pace.send(host)
            if self._sign is not None:  # last of all: a signature that waited for its turn would be stale
                request.headers.update(self._sign(request.method, request.url))
            return await self._inner.download_request(request)  # type: ignore[no-any-return]

    def _refusal(self, request: Request) -> str | None:
        parts = urlsplit(request.url)
        host = request.headers.get("Host")
        if not self._runtime.permits.redeem(request):
            return "permit"
        if host is not None and host.decode("latin-1").lower() != parts.netloc.lower():
            return "host_header"
        if "@" in parts.netloc:
            return "userinfo"
        if request.meta.get("proxy") != self._runtime.session.proxy_for(request.url):
            return "proxy"
        if request.meta.get("download_slot") != parts.hostname:
            return "slot"
        return None

    async def close(self) -> None:
        """Close the inner handler's connections."""
        await self._inner.close()

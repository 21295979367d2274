"""The Twisted handler, with header lines as received and guarded sockets.

Private API of Scrapy 2.19 and Twisted; `tests/integration/test_handlers.py` is its contract.
"""

from __future__ import annotations

from typing import Any

from scrapy import Request
from scrapy.core.downloader.handlers import http11
from scrapy.crawler import Crawler
from scrapy.http import Response
from scrapy.utils._download_handlers import wrap_twisted_exceptions
from scrapy.utils.defer import maybe_deferred_to_future
from twisted.web.client import Agent

from crawler.components.runtime import Runtime, runtime_of
from crawler.exchange import Wire
from crawler.network.guard import GuardedReactor


class _Parser(http11._LenientHTTPClientParser):
    def lineReceived(self, line: bytes) -> None:  # noqa: N802 - Twisted's name
        self.__dict__.setdefault("raw_lines", []).append(line.removesuffix(b"\r"))
        super().lineReceived(line)


class _Protocol(http11._LenientHTTP11ClientProtocol):
    def request(self, request: Any) -> Any:
        deferred = super().request(request)
        parser = self._parser
        parser.__class__ = _Parser  # the trick Scrapy itself uses one class above

        def keep(response: Any) -> Any:
            response.raw_lines = tuple(parser.__dict__.get("raw_lines", ()))
            return response

        return deferred.addCallback(keep)


class _Factory(http11._LenientHTTP11ClientFactory):
    def buildProtocol(self, addr: Any) -> _Protocol:  # noqa: N802 - Twisted's name
        return _Protocol(self._quiescentCallback)  # type: ignore[no-untyped-call]


class _Agent(http11._ScrapyAgent):
    def __init__(self, runtime: Runtime, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._runtime = runtime

    def _get_agent(self, request: Request, timeout: float) -> Agent:
        agent = super()._get_agent(request, timeout)
        factory = agent._endpointFactory
        factory._reactor = GuardedReactor(factory._reactor, self._runtime.session.guard)
        return agent

    def _cb_bodyready(self, txresponse: Any, request: Request) -> Any:
        exchange = self._runtime.exchanges.get(request)
        if exchange is not None:
            exchange.wire = _wire(txresponse)
        return super()._cb_bodyready(txresponse, request)


class WireTwistedHandler(http11.HTTP11DownloadHandler):
    """Keeps the head of every answer in the request's exchange before a byte of body is read."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._runtime = runtime_of(crawler)
        self._pool._factory = _Factory

    async def download_request(self, request: Request) -> Response:
        agent = _Agent(
            self._runtime,
            contextFactory=self._contextFactory,
            bindAddress=self._bind_address,
            pool=self._pool,
            maxsize=self._default_maxsize,
            warnsize=self._default_warnsize,
            fail_on_dataloss=True,
            crawler=self._crawler,
            tls_verbose_logging=self._tls_verbose_logging,
        )
        with wrap_twisted_exceptions():
            return await maybe_deferred_to_future(agent.download_request(request))


def _wire(txresponse: Any) -> Wire:
    version = txresponse.version
    lines = [line.partition(b":") for line in getattr(txresponse, "raw_lines", ())[1:] if b":" in line]
    address = getattr(txresponse, "_scrapy_ip_address", None)
    return Wire(
        version=b"%s/%d.%d" % (version[0], version[1], version[2]),
        status=int(txresponse.code),
        reason=bytes(txresponse.phrase or b""),
        headers=tuple((name.strip(), value.strip(b" \t")) for name, _, value in lines),
        ip=str(address or ""),
    )

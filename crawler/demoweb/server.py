"""The demo web as a whole: all its sites on real sockets, in a thread of their own."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from crawler.demoweb.access_log import AccessLog, AccessRecord
from crawler.demoweb.catalog import LOCATION_FILES, Expectation, Role, Site, load
from crawler.demoweb.connection import SiteServer
from crawler.demoweb.pages import Renderer
from crawler.demoweb.wire import MAX_HEAD

SEND_BUFFER = 64 * 1024
"""Small, so that a client that stops reading stops us soon, and the log shows it."""
ATTEMPTS = 20


class DemoWebError(OSError):
    """The demo web cannot be put up here."""


class DemoWeb:
    """`with DemoWeb() as web:` puts every site up; leaving takes them down.

    Every site has a loopback address of its own, all on one port; port 0 picks a free one.
    """

    def __init__(
        self,
        port: int = 0,
        log_path: str | Path | None = None,
        *,
        sites: Sequence[Site] | None = None,
    ) -> None:
        self.sites = tuple(load() if sites is None else sites)
        self.port = port
        self._by_name = {site.name: site for site in self.sites}
        self._log = AccessLog(Path(log_path) if log_path else None)
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None

    def __enter__(self) -> Self:
        sockets = bind([site.address for site in self.sites], self.port)
        self.port = sockets[0].getsockname()[1]
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(sockets, ready), name="demoweb", daemon=True)
        self._thread.start()
        ready.wait()
        if self._stop is None:
            raise DemoWebError("the demo web did not start; its thread says why on stderr")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._loop is not None and self._stop is not None and self._thread is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join()
        self._log.close()

    def origin(self, site: str) -> str:
        """The origin of a site, `http://127.0.1.N:PORT`."""
        return self._by_name[site].origin(self.port)

    def url(self, site: str, path: str = "/") -> str:
        """A URL of a site."""
        return self.origin(site) + path

    def seeds(self) -> tuple[str, ...]:
        """Where a crawl of the whole demo web begins."""
        return tuple(self.url(site.name, path) for site in self.sites for path in site.seeds)

    def log(self, site: str | None = None) -> tuple[AccessRecord, ...]:
        """The requests so far, of one site or of all."""
        return tuple(record for record in self._log.records() if site in (None, record.site))

    def clear_log(self) -> None:
        """Forget the requests so far."""
        self._log.clear()

    def expected(self) -> Mapping[str, Expectation]:
        """Every URL a crawl from all seeds is to decide on, and how, under the default policy."""
        told = (site.expectation(page, self.port) for site in self.sites for page in site.page)
        return {expectation.url: expectation for expectation in told if expectation is not None}

    def unjudged(self) -> frozenset[str]:
        """URLs a crawl may meet without a promised verdict: redirects, sitemaps, login forms."""
        return frozenset(
            self.url(site.name, page.path)
            for site in self.sites
            for page in site.page
            if site.role(page) is Role.UNJUDGED
        )

    def forbidden(self) -> frozenset[tuple[str, str]]:
        """Pairs of site and path prefix that must not be asked for, location files excepted."""
        return frozenset((site.name, prefix) for site in self.sites for prefix in site.forbidden_prefixes())

    def listed(self) -> frozenset[str]:
        """Sites on the demo blocklist, which must not be contacted at all."""
        return frozenset(site.name for site in self.sites if site.listed)

    def violations(self) -> tuple[AccessRecord, ...]:
        """The requests in the log that should never have been made."""
        return tuple(record for record in self._log.records() if self._violates(record))

    def blocklist(self) -> str:
        """The demo blocklist, JSON Lines."""
        return "".join(json.dumps(_entry(site)) + "\n" for site in self.sites if site.listed)

    def _violates(self, record: AccessRecord) -> bool:
        if record.site in self.listed():
            return True
        site = self._by_name[record.site]
        path = record.target.partition("?")[0]
        evidence = {page.path for page in site.page if site.role(page) is Role.EVIDENCE}
        if path in LOCATION_FILES | evidence:
            return False
        return any(path.startswith(prefix) for prefix in site.forbidden_prefixes())

    def _run(self, sockets: Sequence[socket.socket], ready: threading.Event) -> None:
        try:
            asyncio.run(self._main(sockets, ready))
        finally:
            ready.set()

    async def _main(self, sockets: Sequence[socket.socket], ready: threading.Event) -> None:
        renderer = Renderer(sites=self.sites, port=self.port)
        servers = [
            await asyncio.start_server(
                SiteServer(site, renderer, self._log).serve, sock=listener, limit=MAX_HEAD
            )
            for site, listener in zip(self.sites, sockets, strict=True)
        ]
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        ready.set()
        await self._stop.wait()
        for server in servers:
            server.close()
        # asyncio.run cancels the connections still open, the ones that never answer among them.


def bind(addresses: Sequence[str], port: int) -> list[socket.socket]:
    """Listening sockets on one port of every address; with port 0, one that is free on all of them."""
    for _ in range(ATTEMPTS):
        opened: list[socket.socket] = []
        try:
            for address in addresses:
                chosen = opened[0].getsockname()[1] if opened else port
                opened.append(_listen(address, chosen))
        except OSError as error:
            failed, problem = address, error
            for listener in opened:
                listener.close()
            if port or not opened:
                break
        else:
            return opened
    raise DemoWebError(f"cannot listen on {failed} (needs Linux, where all of 127/8 is loopback): {problem}")


def _listen(address: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        listener.bind((address, port))
        listener.listen(128)
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener


def _entry(site: Site) -> dict[str, str | None]:
    return {
        "entry_id": f"demo-{site.name}",
        "value": site.address,
        "value_kind": "ip",
        "scope": "ip_literal",
        "jurisdiction": "DE",
        "body": "Amtsgericht Auenthal (demo)",
        "body_kind": "court",
        "recognition_kind": "structural_infringement",
        "legal_ground": "copyright",
        "decision_ref": "7 O 118/25",
        "decided_on": "2025-09-12",
        "valid_from": "2025-09-12",
        "valid_to": None,
        "status": "active",
        "status_source": "manual",
        "source_url": "https://gericht-auenthal.example/7-O-118-25",
        "retrieved_at": "2026-01-01T00:00:00Z",
        "confidence": "high",
        "note": "An invented decision about an invented site.",
    }

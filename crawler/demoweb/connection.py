"""One connection to one site: requests in, answers out, good or bad as the site's file says."""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from collections import Counter
from email.utils import formatdate
from functools import cached_property
from http import HTTPStatus
from typing import assert_never

from crawler.demoweb.access_log import AccessLog, AccessRecord, Entry
from crawler.demoweb.catalog import Behaviour, Page, Site
from crawler.demoweb.pages import Answer, Renderer, not_found
from crawler.demoweb.wire import BadRequestError, Request, read_request, response_head

IDLE = 30.0
"""Seconds a client may be silent between requests."""
PIECE = 16 * 1024
"""Bytes written at a time, so that the log tells closely how much a client took."""
ENDLESS = 200_000_000
"""Where even an endless page ends: a demo must not fill a disk."""
MISSING = 4096
"""Bytes a truncated answer promises and does not send."""


class SiteServer:
    """Serves one site. Lives on the server's event loop."""

    def __init__(self, site: Site, renderer: Renderer, log: AccessLog) -> None:
        self.site = site
        self._renderer = renderer
        self._log = log
        self._pages = {page.path: page for page in site.page}
        self._turns: Counter[str] = Counter()
        self._answers: dict[str, Answer] = {}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer requests until either side has had enough; a lost client is nothing special."""
        # A small buffer lets the log count what the client took, not what we were ready to send.
        writer.transport.set_write_buffer_limits(high=PIECE)
        try:
            while await self._one(reader, writer):
                pass
        except BadRequestError as error:
            writer.write(response_head(error.status, [("Content-Length", "0"), ("Connection", "close")]))
        except (OSError, asyncio.IncompleteReadError, TimeoutError, asyncio.CancelledError):
            # cancelled when the server stops: asyncio before 3.12 logs a cancelled connection as an error
            pass
        finally:
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        async with asyncio.timeout(IDLE):
            request = await read_request(reader)
        if request is None:
            return False
        entry = self._log.begin(self._asked(request))
        try:
            return await _Exchange(request, entry, reader, writer, self).run()
        finally:
            self._log.end(entry)

    def _asked(self, request: Request) -> AccessRecord:
        return AccessRecord(
            at=time.time(),
            site=self.site.name,
            address=self.site.address,
            method=request.method,
            target=request.target,
            user_agent=request.get("user-agent"),
            from_address=request.get("from"),
            host=request.get("host"),
        )

    def page(self, path: str) -> Page | None:
        """The page at a path: as spelled, else without its query, else the one for missing paths."""
        tried = (path, path.partition("?")[0], self.site.missing)
        return next((self._pages[one] for one in tried if one in self._pages), None)

    def answer(self, page: Page | None) -> Answer:
        """The page's answer, made once."""
        if page is None:
            return self._missing
        if page.path not in self._answers:
            self._answers[page.path] = self._renderer.answer(self.site, page)
        return self._answers[page.path]

    def first_status(self, page: Page) -> int | None:
        """The status for this request if the page's `first` still has one; counts the request."""
        self._turns[page.path] += 1
        turn = self._turns[page.path] - 1
        return page.first[turn] if turn < len(page.first) else None

    @cached_property
    def _missing(self) -> Answer:
        return not_found(self.site)


class _Exchange:
    """One request and its answer."""

    def __init__(
        self,
        request: Request,
        entry: Entry,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        server: SiteServer,
    ) -> None:
        self.request, self.entry, self.reader, self.writer = request, entry, reader, writer
        self.server = server

    async def run(self) -> bool:
        """Send what the page's behaviour says; True if the connection can go on."""
        if self.request.method not in ("GET", "HEAD"):
            return await self._empty(HTTPStatus.METHOD_NOT_ALLOWED, [("Allow", "GET, HEAD")])
        page = self.server.page(self.request.path)
        if page is None:
            return await self._whole(HTTPStatus.NOT_FOUND, self.server.answer(None))
        if page.delay:
            await asyncio.sleep(page.delay)
        match page.behaviour:
            case Behaviour.NORMAL:
                return await self._normal(page)
            case Behaviour.RESET:
                return self._reset()
            case Behaviour.HANG:
                return await self._hang()
            case Behaviour.ENDLESS:
                return await self._endless(page)
            case Behaviour.TRUNCATED:
                return await self._truncated(page)
            case _:
                assert_never(page.behaviour)

    async def _normal(self, page: Page) -> bool:
        early = self.server.first_status(page)
        if early is not None:
            wait = [] if page.retry_after is None else [("Retry-After", str(page.retry_after))]
            return await self._empty(early, wait)
        answer = self.server.answer(page)
        if answer.etag and answer.etag == self.request.get("if-none-match"):
            return await self._whole(HTTPStatus.NOT_MODIFIED, Answer(fields=answer.fields, body=b""))
        return await self._whole(page.status, answer)

    async def _empty(self, status: int, fields: list[tuple[str, str]]) -> bool:
        return await self._whole(status, Answer(fields=tuple(fields), body=b""))

    async def _whole(self, status: int, answer: Answer) -> bool:
        keep = self.request.keep_alive
        length = [] if status == HTTPStatus.NOT_MODIFIED else [("Content-Length", str(len(answer.body)))]
        self._head(status, [*answer.fields, *length, ("Connection", "keep-alive" if keep else "close")])
        if self.request.method == "GET":
            await self._body(answer.body)
        await self.writer.drain()
        self.entry.complete = True
        return keep

    async def _truncated(self, page: Page) -> bool:
        answer = self.server.answer(page)
        promised = str(len(answer.body) + MISSING)
        self._head(page.status, [*answer.fields, ("Content-Length", promised), ("Connection", "close")])
        await self._body(answer.body)
        return False

    async def _endless(self, page: Page) -> bool:
        answer = self.server.answer(page)
        self._head(page.status, [*answer.fields, ("Transfer-Encoding", "chunked"), ("Connection", "close")])
        piece = (answer.body * (PIECE // max(1, len(answer.body)) + 1))[:PIECE]
        while self.entry.sent < ENDLESS and self.request.method == "GET":
            self.writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            await self.writer.drain()
            self.entry.sent += len(piece)
        return False

    async def _hang(self) -> bool:
        while await self.reader.read(1024):
            pass
        return False

    def _reset(self) -> bool:
        linger = struct.pack("ii", 1, 0)
        self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.writer.transport.abort()
        return False

    def _head(self, status: int, fields: list[tuple[str, str]]) -> None:
        self.entry.status = status
        own = [("Date", formatdate(usegmt=True)), ("Server", "demoweb")]
        self.writer.write(response_head(status, [*own, *fields]))

    async def _body(self, body: bytes) -> None:
        for start in range(0, len(body), PIECE):
            piece = body[start : start + PIECE]
            # Counted first: whoever has received the last byte may read the log at once.
            self.entry.sent += len(piece)
            self.writer.write(piece)
            await self.writer.drain()

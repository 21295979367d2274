"""Public answers remembered for a moment, so that what many ask is worked out once.

An answer is given again while the record is as it was; while a crawl adds to it, as long as the answer was
costly: one that took a second may be ten seconds old, and says itself up to when it is complete. What
a person has done (a withdrawal, a publication) shows in every worker a second later. Who asks with a
token, and what only one person can see, is never remembered.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from crawler.store.database import DatabaseError
from crawler.store.queries.status import RecordVersion, record_version
from crawler.web.site import Site, site_of

MAX_BYTES = 32 * 2**20
"""Remembered by one worker, bodies and keys together."""
MAX_ENTRY = 512 * 1024
MAX_AGE = 60.0
"""Seconds after which every answer is made anew."""
PATIENCE = 10.0
"""While the record grows an answer may be so many times as old as it took to make; 1 to 10 seconds."""
LOOK_EVERY = 1.0
"""Seconds between two looks at the version of the record."""
_OPEN = (
    "/d/",
    "/lookup",
    "/file/",
    "/api/v1/",
    "/static/",
    "/feeds/",
    "/policy/",
    "/.well-known/",
    "/bot",
    "/changes",
)
_WHOLE = frozenset({"/", "/api", "/accessibility", "/openapi.json", "/robots.txt", "/favicon.ico"})
_OVERHEAD = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer, and what it took."""

    headers: list[tuple[bytes, bytes]]
    body: bytes
    counted: tuple[str, ...]
    """As which kinds of questions the first one was counted: so is every further one."""
    version: RecordVersion
    made: float
    cost: float

    @property
    def etag(self) -> bytes:
        """Its entity tag, where it has one."""
        return next((value for name, value in self.headers if name == b"etag"), b"")

    @property
    def size(self) -> int:
        """Bytes it takes here."""
        return len(self.body) + _OVERHEAD

    def holds(self, version: RecordVersion, now: float) -> bool:
        """Whether it may be given once more."""
        age = now - self.made
        if age > MAX_AGE or self.version.told != version.told:
            return False
        return self.version == version or age < min(max(1.0, self.cost * PATIENCE), 10.0)


class Remembered:
    """Gives a remembered answer, or has one made: once, however many ask for it meanwhile."""

    def __init__(self, app: ASGIApp, now: Callable[[], float] = time.monotonic) -> None:
        self._app = app
        self._now = now
        self._answers: OrderedDict[tuple[object, ...], Answer] = OrderedDict()
        self._bytes = 0
        self._making: dict[tuple[object, ...], asyncio.Future[None]] = {}
        self._version = RecordVersion(grown=(), told=())
        self._looked = -LOOK_EVERY
        self._written = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass the request on."""
        if not _is_public(scope):
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        key = _key(request)
        version = await self._current(site_of(request))
        if version is None:
            await self._app(scope, receive, send)
            return
        making = self._making.get(key)
        if making is not None:
            await making  # once: what may not be remembered is not waited for again
        found = self._answers.get(key)
        if found is not None and found.holds(version, self._now()) and await _may(request, found):
            self._answers.move_to_end(key)
            await _give(found, scope, send)
            return
        await self._make(key, version, scope, receive, send)

    async def _current(self, site: Site) -> RecordVersion | None:
        if self._written != site.written or self._now() - self._looked >= LOOK_EVERY:
            self._looked, self._written = self._now(), site.written
            try:
                self._version = await run_in_threadpool(_version_of, site)
            except DatabaseError:
                return None
        return self._version

    async def _make(
        self, key: tuple[object, ...], version: RecordVersion, scope: Scope, receive: Receive, send: Send
    ) -> None:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._making[key] = done
        begun = self._now()
        kept = _Kept(send)
        scope = {**scope, "state": {**scope.get("state", {}), "counted": kept.counted}}
        try:
            await self._app(scope, receive, kept)
        finally:
            if self._making.get(key) is done:
                del self._making[key]
            done.set_result(None)
        if kept.is_whole:
            answer = Answer(
                headers=kept.headers,
                body=bytes(kept.body),
                counted=tuple(kept.counted),
                version=version,
                made=begun,
                cost=self._now() - begun,
            )
            self._remember(key, answer)

    def _remember(self, key: tuple[object, ...], answer: Answer) -> None:
        self._forget(key)
        self._answers[key] = answer
        self._bytes += answer.size
        while self._bytes > MAX_BYTES:
            self._forget(next(iter(self._answers)))

    def _forget(self, key: tuple[object, ...]) -> None:
        old = self._answers.pop(key, None)
        if old is not None:
            self._bytes -= old.size


class _Kept:
    """Passes an answer on and keeps a copy of it, where it is one that may be given to others."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.headers: list[tuple[bytes, bytes]] = []
        self.body = bytearray()
        self.counted: list[str] = []
        self.is_whole = False
        self._wanted = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.headers = list(message["headers"])
            self._wanted = message["status"] == 200
        elif self._wanted:
            self.body += message.get("body", b"")
            self._wanted = len(self.body) <= MAX_ENTRY
            self.is_whole = self._wanted and not message.get("more_body", False)
        await self._send(message)


def _is_public(scope: Scope) -> bool:
    if scope["type"] != "http" or scope["method"] != "GET":
        return False
    path: str = scope["path"]
    if path.endswith(".zip") or not (path in _WHOLE or path.startswith(_OPEN)):
        return False
    return not any(name == b"authorization" for name, _ in scope["headers"])


def _key(request: Request) -> tuple[object, ...]:
    scope = request.scope
    # Feeds name the address they were asked at, where no other is configured.
    host = "" if site_of(request).base_url else f"{scope['scheme']}://{request.headers.get('host', '')}"
    return scope["path"], scope["query_string"], scope.get("state", {}).get("language"), host


def _version_of(site: Site) -> RecordVersion:
    with site.reading() as connection:
        return record_version(connection)


async def _may(request: Request, found: Answer) -> bool:
    """Whether the question is counted and may be answered; if not, it is passed on and refused there."""
    limiter, address = site_of(request).limiter, site_of(request).client(request)
    try:
        for kind in found.counted:
            if await run_in_threadpool(limiter.wait, kind, address):
                return False
    except DatabaseError:
        return False
    return True


async def _give(found: Answer, scope: Scope, send: Send) -> None:
    known = next((value for name, value in scope["headers"] if name == b"if-none-match"), b"")
    if found.etag and found.etag in (tag.strip().removeprefix(b"W/") for tag in known.split(b",")):
        headers = [pair for pair in found.headers if pair[0] not in (b"content-length", b"content-type")]
        await send({"type": "http.response.start", "status": 304, "headers": headers})
        await send({"type": "http.response.body", "body": b""})
        return
    await send({"type": "http.response.start", "status": 200, "headers": list(found.headers)})
    await send({"type": "http.response.body", "body": found.body})

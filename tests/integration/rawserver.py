"""A loopback server that answers with exact bytes, and badly where a test wants it to."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Seen:
    """One request as it came in."""

    target: str
    headers: dict[str, str]


Reply = bytes | Callable[[Seen, asyncio.StreamWriter], Awaitable[None]]


def answer(body: bytes = b"", status: str = "200 OK", length: int | None = None, **fields: str) -> bytes:
    """An answer with Content-Length; `a_b` becomes the field `a-b`."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in fields.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def redirect(location: str, status: str = "302 Found") -> bytes:
    """A redirect without a body."""
    return answer(status=status, Location=location)


@dataclass
class RawServer:
    """`async with RawServer({"/robots.txt": answer(b"...")}) as server`; anything else is a 404."""

    replies: dict[str, Reply] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)
    port: int = 0

    async def __aenter__(self) -> RawServer:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    def url(self, path: str = "/robots.txt") -> str:
        """The URL of a path."""
        return f"http://127.0.0.1:{self.port}{path}"

    @property
    def count(self) -> Counter[str]:
        """Requests per path."""
        return Counter(seen.target for seen in self.seen)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                first, *lines = head.rstrip("\r\n").split("\r\n")
                headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines)}
                seen = Seen(target=first.split(" ")[1], headers=headers)
                self.seen.append(seen)
                reply = self.replies.get(seen.target, answer(b"none", "404 Not Found"))
                if isinstance(reply, bytes):
                    writer.write(reply)
                else:
                    await reply(seen, writer)
                await writer.drain()
        writer.close()


async def reset(_: Seen, writer: asyncio.StreamWriter) -> None:
    """Drop the connection without a word."""
    writer.transport.abort()


async def drip(_: Seen, writer: asyncio.StreamWriter) -> None:
    """A byte now and then, for ever; each in time, the whole never."""
    writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
    while not writer.is_closing():
        writer.write(b"#")
        await writer.drain()
        await asyncio.sleep(0.02)


async def silence(_: Seen, writer: asyncio.StreamWriter) -> None:
    """No answer at all."""
    await asyncio.sleep(30)


async def garbage(_: Seen, writer: asyncio.StreamWriter) -> None:
    """No HTTP."""
    writer.write(b"SSH-2.0-OpenSSH_9.9\r\n")
    writer.close()


def cut(data: bytes) -> Callable[[Seen, asyncio.StreamWriter], Awaitable[None]]:
    """These bytes, then the end of the connection."""

    async def reply(_: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()
        writer.close()

    return reply

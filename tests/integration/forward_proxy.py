"""A small forward proxy (RFC 9112 section 3.2.2): resolves invented names, keeps what it was asked."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from types import TracebackType
from typing import Self


class ForwardProxy:
    """Sends `GET http://name/path` on to the address that `hosts` gives for the name."""

    def __init__(self, hosts: Mapping[str, tuple[str, int]]) -> None:
        self.asked: list[str] = []
        self.port = 0
        self._hosts = hosts
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait(5)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        method, target, _ = head.split(" ", 2)
        self.asked.append(target)
        name, _, path = target.removeprefix("http://").partition("/")
        address, port = self._hosts[name]
        lines = [
            line for line in head.split("\r\n")[1:] if not line.lower().startswith(("host:", "connection:"))
        ]
        upstream_reader, upstream = await asyncio.open_connection(address, port)
        text = "\r\n".join(
            [f"{method} /{path} HTTP/1.1", f"Host: {address}:{port}", "Connection: close", *lines]
        )
        upstream.write(text.encode("latin-1"))
        while data := await upstream_reader.read(65536):
            writer.write(data)
            await writer.drain()
        upstream.close()
        writer.close()

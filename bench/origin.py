"""The web server that is measured against: a process of its own, on a core of its own, whole answers ready.

Its own counts are the judge of what was fetched. `Origin` starts and stops it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from types import TracebackType
from urllib.request import urlopen

from bench.sites import LONE, Host, addresses, make_hosts, path_of

NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nContent-Length: 0\r\n\r\n"
CONTROL = "127.0.0.1"


class Origin:
    """A running server."""

    def __init__(self, *, reserving: bool, core: int | None) -> None:
        command = [sys.executable, "-m", "bench.origin", *(["--reserving"] if reserving else [])]
        command += [] if core is None else ["--core", str(core)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())

    def __enter__(self) -> Origin:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.wait()

    @property
    def seeds(self) -> list[str]:
        """The first page of each host."""
        return [f"http://{address}:{self.port}{path_of(0)}" for address in addresses()]

    @property
    def lone_page(self) -> str:
        """A page that leads nowhere."""
        return f"http://{addresses()[0]}:{self.port}{LONE}"

    def take_counts(self) -> dict[str, int]:
        """What was asked since the last time: requests for pages, different pages, other requests."""
        with urlopen(f"http://{CONTROL}:{self.port}/") as answer:
            return json.load(answer)


class _Connection(asyncio.Protocol):
    """Just enough of HTTP/1.1 for our own clients: no bodies, any number of requests."""

    def __init__(self, hosts: Mapping[str, Host], asked: Counter[tuple[str, str]]) -> None:
        self._hosts = hosts
        self._asked = asked
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._address = transport.get_extra_info("sockname")[0]
        host = self._hosts.get(self._address)
        self._answers = host.answers if host else None

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            path = self._buffer[: self._buffer.find(b" HTTP/")].partition(b" ")[2].decode()
            self._buffer = self._buffer[end + 4 :]
            self._transport.write(self._answer(path))

    def _answer(self, path: str) -> bytes:
        if self._answers is None:
            return self._counts()
        self._asked[self._address, path] += 1
        return self._answers.get(path, NOT_FOUND)

    def _counts(self) -> bytes:
        pages = {key: n for key, n in self._asked.items() if key[1].startswith("/section/")}
        counts = {
            "requests": sum(pages.values()),
            "pages": len(pages),
            "other": sum(self._asked.values()) - sum(pages.values()),
        }
        self._asked.clear()
        body = json.dumps(counts).encode()
        return b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


async def _serve(reserving: bool) -> None:
    loop = asyncio.get_running_loop()
    hosts: dict[str, Host] = {}
    asked: Counter[tuple[str, str]] = Counter()

    def connection() -> _Connection:
        return _Connection(hosts, asked)

    first = await loop.create_server(connection, CONTROL, 0, backlog=512)
    port = first.sockets[0].getsockname()[1]
    hosts.update({host.address: host for host in make_hosts(port, reserving=reserving)})
    servers = [await loop.create_server(connection, address, port, backlog=512) for address in addresses()]
    print(port, flush=True)
    await asyncio.gather(*(server.serve_forever() for server in servers))


def main() -> None:
    """Serve until terminated; the port is the only line on stdout."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reserving", action="store_true")
    parser.add_argument("--core", type=int)
    args = parser.parse_args()
    if args.core is not None:
        os.sched_setaffinity(0, {args.core})
    asyncio.run(_serve(args.reserving))


if __name__ == "__main__":
    main()

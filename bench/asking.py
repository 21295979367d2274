"""Asking a server over real sockets, as cheaply as Python can: HTTP/1.1 with keep-alive, parsed by hand.

An open loop sends at its rate whatever comes back, and counts a question's time from the moment it was due,
so that a server that stalls is not asked less (https://github.com/giltene/wrk2 explains why).
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

TIMEOUT = 30.0
MOST = 256
"""Connections at a time; as many as a proxy in front might hold."""


@dataclass(frozen=True, slots=True)
class Question:
    """A request, ready for the wire but for the address it is asked from."""

    kind: str
    head: bytes
    expected: int


@dataclass(slots=True)
class Result:
    """What came of the questions of one kind."""

    times: list[float] = field(default_factory=list)
    """Seconds from when it was due to its last byte."""
    errors: int = 0
    bytes: int = 0

    def at(self, share: float) -> float:
        """The time in which such a share of them was answered."""
        ordered = sorted(self.times)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


Results = dict[str, Result]


def question(kind: str, path: str, expected: int = 200, **fields: str) -> Question:
    """A GET."""
    more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in fields.items())
    head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: */*\r\n{more}"
    return Question(kind, head.encode(), expected)


class Asker(asyncio.Protocol):
    """One connection."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self._answer: asyncio.Future[tuple[int, int]] | None = None

    @property
    def is_open(self) -> bool:
        """Whether it can be asked again."""
        return self._transport is not None and not self._transport.is_closing()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Connected."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """Ended, perhaps under a question."""
        self._transport = None
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionResetError())

    def data_received(self, data: bytes) -> None:
        """A part of an answer."""
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0 or self._answer is None or self._answer.done():
            return
        status = int(self._buffer[9:12])
        at = self._buffer.lower().find(b"content-length:", 0, end)
        size = int(self._buffer[at + 15 : self._buffer.index(b"\r\n", at)]) if at > 0 else 0
        if len(self._buffer) - end - 4 >= size:
            self._buffer = b""
            self._answer.set_result((status, size))

    async def ask(self, head: bytes, address: str) -> tuple[int, int]:
        """Status and bytes of the answer."""
        assert self._transport is not None
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(head + f"X-Forwarded-For: {address}\r\n\r\n".encode())
        async with asyncio.timeout(TIMEOUT):
            return await self._answer

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.close()


class Askers:
    """Connections to one server, used again."""

    def __init__(self, port: int, seed: int = 1) -> None:
        self._port = port
        self._free: deque[Asker] = deque()
        self._places = asyncio.Semaphore(MOST)
        self._rng = random.Random(seed)
        self.results: Results = {}

    async def ask(self, asked: Question, due: float) -> None:
        """Ask, and write down what came of it."""
        result = self.results.setdefault(asked.kind, Result())
        async with self._places:
            try:
                asker = await self._one()
                status, size = await asker.ask(asked.head, self._address())
            except (OSError, TimeoutError):
                result.errors += 1
                return
        result.times.append(time.perf_counter() - due)
        result.errors += status != asked.expected
        result.bytes += size
        if asker.is_open:
            self._free.append(asker)

    async def _one(self) -> Asker:
        while self._free:
            asker = self._free.pop()
            if asker.is_open:
                return asker
        loop = asyncio.get_running_loop()
        _, made = await loop.create_connection(Asker, "127.0.0.1", self._port)
        return made

    def _address(self) -> str:
        # 65,536 networks, as an instance with many visitors has.
        return f"10.{self._rng.randrange(256)}.{self._rng.randrange(256)}.7"

    def close(self) -> None:
        """Hang up all of them."""
        for asker in self._free:
            asker.close()


async def open_loop(port: int, rate: float, seconds: float, following: Callable[[], Question]) -> Results:
    """Questions at a rate, at random moments as visitors come."""
    askers, rng = Askers(port), random.Random(7)
    tasks: set[asyncio.Task[None]] = set()
    due = begun = time.perf_counter()
    while due - begun < seconds:
        wait = due - time.perf_counter()
        if wait > 0:
            await asyncio.sleep(wait)
        task = asyncio.create_task(askers.ask(following(), due))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        due += rng.expovariate(rate)
    await asyncio.gather(*tasks)
    askers.close()
    return askers.results


async def closed_loop(port: int, at_once: int, seconds: float, following: Callable[[], Question]) -> Results:
    """As many questions as are answered, so many at a time."""
    askers = Askers(port)
    end = time.perf_counter() + seconds

    async def one() -> None:
        while time.perf_counter() < end:
            await askers.ask(following(), time.perf_counter())

    await asyncio.gather(*(one() for _ in range(at_once)))
    askers.close()
    return askers.results

"""Cost of deciding, without any I/O: microseconds of CPU for a page of the bench's own sites.

    python -m bench decision [--pages 2000]

`admission` is everything before a fetch with the origin's files at hand. `decision` is judging an answer:
its header lines, then the elements of its head, with the host's rules. `head and body` is all that is
done between the socket and the record: that, taking the elements out of the page, digests, and the rest;
the body is decompressed already. URLs differ, so that nothing is remembered of a page; the host's files
are read before the clock starts.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import gzip
import logging
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import TypeVar

from selectolax.lexbor import LexborHTMLParser

from bench.child import configuration
from bench.sites import HOSTS, PAGES, Host, make_hosts, path_of
from crawler.exchange import Exchange, Wire
from crawler.gate import Case, Decision, judge
from crawler.session import Session
from reservations.model import Evidence, EvidenceRequest, Outcome, Stage
from reservations.read import Reader, signals

AIM = 100
CHUNK = 100
T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer of a site, taken apart."""

    status: int
    lines: tuple[tuple[bytes, bytes], ...]
    body: bytes


class Sites:
    """Stands in for the evidence client: the same answers, without a socket."""

    def __init__(self, session: Session, hosts: list[Host]) -> None:
        self._session = session
        self._hosts = {host.address: host for host in hosts}

    def answer(self, url: str) -> Answer | None:
        """What the site would send."""
        address, _, path = url.removeprefix("http://").partition("/")
        raw = self._hosts[address].answers.get("/" + path.partition("?")[0])
        if raw is None:
            return None
        head, _, body = raw.partition(b"\r\n\r\n")
        pairs = (line.partition(b": ") for line in head.split(b"\r\n")[1:])
        return Answer(status=200, lines=tuple((n, v) for n, _, v in pairs), body=body)

    async def fetch(self, request: EvidenceRequest, previous: Evidence | None = None) -> Evidence:
        """As `crawler.evidence.EvidenceClient` would."""
        answer = self.answer(request.url)
        return Evidence(
            kind=request.kind,
            url=request.url,
            outcome=Outcome.FOUND if answer else Outcome.ABSENT,
            fetched_at=self._session.instance.clock.wall(),
            status=200 if answer else 404,
            fields=tuple((n.decode(), v.decode()) for n, v in answer.lines) if answer else (),
            body=answer.body if answer else b"",
        )


async def _measure(pages: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        session = Session(configuration(Path(folder), warc=True))
        await session.ensure_open("bench")
        sites = Sites(session, make_hosts(80, reserving=True))
        session.instance.evidence._fetcher = sites
        for url in _urls(HOSTS):
            await session.admit(url)
        urls = list(_urls(pages))
        exchanges = await _timed("admission", urls, lambda some: _admit(session, some))
        prepared = [_ready(sites, exchange) for exchange in exchanges]
        bodies = [body for _, body in prepared]
        await _timed("yardstick: selectolax, whole page", bodies, _parse)
        cases = [_cases(session, exchange, body) for exchange, body in prepared]
        await _timed("decision", cases, lambda some: _decide(session, some))
        await _timed("head and body", prepared, lambda some: _judge(session, some))
        for exchange in exchanges:
            _as_received(sites, exchange)
        await _timed("settled: rows and WARC record", exchanges, lambda some: _settle(session, some))
        await session.close("finished")


def _urls(count: int) -> Iterator[str]:
    for number in range(count):
        yield f"http://127.0.0.{number % 24 + 2}{path_of(number // 24 % PAGES)}?n={number}"


async def _admit(session: Session, urls: Sequence[str]) -> list[Exchange]:
    return [await session.admit(url) for url in urls]


def _ready(sites: Sites, exchange: Exchange) -> tuple[Exchange, bytes]:
    answer = sites.answer(exchange.url)
    assert answer is not None
    assert exchange.decision is not None
    assert exchange.decision.reason == "none"
    lines = tuple(line for line in answer.lines if line[0] not in (b"Content-Encoding", b"Content-Length"))
    exchange.wire = Wire(version=b"HTTP/1.1", status=200, reason=b"OK", headers=lines)
    return exchange, gzip.decompress(answer.body)


def _as_received(sites: Sites, exchange: Exchange) -> None:
    """What is kept is the body as it came, compressed."""
    answer = sites.answer(exchange.url)
    assert answer is not None
    exchange.wire = Wire(version=b"HTTP/1.1", status=200, reason=b"OK", headers=answer.lines)
    exchange.raw = answer.body


def _cases(session: Session, exchange: Exchange, body: bytes) -> tuple[Reader, Case, Case]:
    """An answer's head and its whole as cases, with a reader that knows the host's files."""
    assert exchange.wire is not None
    agent = session.terms.agent
    reader = Reader(exchange.url, agent)
    reader.facts(exchange.location)
    when = session.instance.clock.wall()
    head = exchange.head(exchange.wire, when)
    known = (*exchange.location, head)
    first = Case(url=exchange.url, stage=Stage.HEADERS, decided_at=when, evidence=known)
    return reader, first, replace(first, stage=Stage.BODY, evidence=(*known, *signals(head, body, agent)))


async def _parse(bodies: Sequence[bytes]) -> list[bool]:
    return [LexborHTMLParser(body).body is not None for body in bodies]


async def _decide(session: Session, cases: Sequence[tuple[Reader, Case, Case]]) -> list[Decision]:
    decisions = []
    for reader, head, whole in cases:
        judge(head, session.terms, reader)
        decisions.append(judge(whole, session.terms, reader))
    return decisions


async def _judge(session: Session, prepared: Sequence[tuple[Exchange, bytes]]) -> list[bytes]:
    kept = []
    for exchange, body in prepared:
        session.read_head(exchange)
        kept.append(await session.read_body(exchange, body))
    return kept


async def _settle(session: Session, exchanges: Sequence[Exchange]) -> list[float | None]:
    return await asyncio.gather(*map(session.settle, exchanges))


async def _timed(name: str, items: Sequence[T], work: Callable[[Sequence[T]], Awaitable[list[R]]]) -> list[R]:
    """Do the work by the hundred: the best hundred tells the cost, the median what else the machine did."""
    gc.collect()
    gc.freeze()  # all pages are kept alive here, which no crawl does
    results: list[R] = []
    costs: list[float] = []
    for start in range(0, len(items), CHUNK):
        chunk = items[start : start + CHUNK]
        began = time.process_time()
        results += await work(chunk)
        costs.append((time.process_time() - began) / len(chunk) * 1e6)
    print(f"{name:36}{min(costs):8.1f} us CPU a page at best, {median(costs):8.1f} median", flush=True)
    return results


def main() -> None:
    """Run the measurement."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pages", type=int, default=2000)
    pages = parser.parse_args().pages
    logging.disable(logging.WARNING)
    print(f"{pages} pages; aim for the first two: at most {AIM} us")
    asyncio.run(_measure(pages))


if __name__ == "__main__":
    main()

"""Cases judged by the real gate, and a record to write them to."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine

from crawler.gate import Case, Decision, Terms, judge
from crawler.store.record import Answer, CrawlStart, Identity, Record, WarcPlace
from crawler.store.writer import Writer
from reservations.model import RESPONSE, ROBOTS_TXT, Agent, Evidence, Outcome, Reason, Stage
from reservations.plan import plan
from reservations.policy import Policy

START = datetime(2026, 11, 24, 5, 35, tzinfo=UTC)
TERMS = Terms(agent=Agent(token="ExampleBot"), policy=Policy())
IDENTITY = Identity(
    product_token="ExampleBot",
    user_agent="ExampleBot/1.0 (+https://operator.example/bot)",
    from_address="crawler@operator.example",
    info_url="https://operator.example/bot",
)
HTML = Answer(status=200, media_type="text/html", bytes=1234, body_sha256="ab" * 32, attempt=1)
CLOSED = b"User-agent: *\nDisallow: /private/\nDisallow: /drafts/\n"


def at(minutes: float) -> datetime:
    """A moment after START."""
    return START + timedelta(minutes=minutes)


def crawl_start(started_at: datetime = START, terms: Terms = TERMS) -> CrawlStart:
    """A crawl about to begin."""
    return CrawlStart(
        started_at=started_at,
        command="forbear crawl",
        config={"crawl": {"depth": 3}},
        identity=IDENTITY,
        terms=terms,
    )


def robots(body: bytes | None = b"", origin: str = "https://example.org", minutes: float = 0) -> Evidence:
    """A robots.txt; None: there is none."""
    return Evidence(
        kind=ROBOTS_TXT,
        url=origin + "/robots.txt",
        outcome=Outcome.ABSENT if body is None else Outcome.FOUND,
        status=404 if body is None else 200,
        fetched_at=at(minutes),
        fields=(("Content-Type", "text/plain"),),
        body=body or b"",
    )


def location_files(origin: str = "https://example.org", minutes: float = 0) -> tuple[Evidence, ...]:
    """Every other file the plan asks an origin without robots.txt for, none of which there is."""
    url, evidence = origin + "/", [robots(None, origin, minutes)]
    while wanted := plan(url, evidence, TERMS.agent, TERMS.policy.profile):
        evidence += [
            Evidence(kind=w.kind, url=w.url, outcome=Outcome.ABSENT, status=404, fetched_at=at(minutes))
            for w in wanted
        ]
    return tuple(evidence[1:])


def page(url: str, body: bytes = b"<title>x</title>", minutes: float = 0, **fields: str) -> Evidence:
    """An HTML page."""
    lines = (("Content-Type", "text/html"), *((k.replace("_", "-"), v) for k, v in fields.items()))
    return Evidence(
        kind=RESPONSE,
        url=url,
        outcome=Outcome.FOUND,
        status=200,
        fetched_at=at(minutes),
        fields=lines,
        body=body,
    )


def decided(
    url: str,
    *evidence: Evidence,
    stage: Stage = Stage.BODY,
    minutes: float = 0,
    found: tuple[Reason, ...] = (),
) -> Decision:
    """What the gate makes of a case."""
    case = Case(url=url, stage=stage, decided_at=at(minutes), evidence=evidence, found=found)
    return judge(case, TERMS)


def kept_page(number: int | str = 0, origin: str = "https://example.org", minutes: float = 0) -> Decision:
    """A page that nothing reserves."""
    url = f"{origin}/page/{number}"
    files = (robots(None, origin, minutes), *location_files(origin, minutes))
    return decided(url, *files, page(url, minutes=minutes), minutes=minutes)


def closed_page(path: str = "/private/a", minutes: float = 0, body: bytes = CLOSED) -> Decision:
    """A page that robots.txt closes."""
    return decided(
        "https://example.org" + path, robots(body, minutes=minutes), stage=Stage.BEFORE_FETCH, minutes=minutes
    )


def place(number: int = 0) -> WarcPlace:
    """Somewhere in a WARC file."""
    return WarcPlace(file="warc/forbear-000001-00000.warc.gz", offset=number * 1000, length=1000)


def recorded(
    engine: Engine, body: Callable[[Record, Writer], Awaitable[Any]], start: CrawlStart | None = None
) -> Any:
    """Run `body` with a record whose crawl has begun; everything is durable on return."""

    async def run() -> Any:
        writer = Writer(engine)
        writer.start()
        record = Record(writer)
        await record.start_crawl(start or crawl_start())
        answer = await body(record, writer)
        await writer.close()
        return answer

    return asyncio.run(run())


def record_all(engine: Engine, *decisions: Decision | tuple[Decision, Mapping[str, Any]]) -> None:
    """Record decisions; a tuple's second part are further arguments of `decide`."""

    async def body(record: Record, _: Writer) -> None:
        for item in decisions:
            decision, more = item if isinstance(item, tuple) else (item, {})
            record.decide(decision, **more)

    recorded(engine, body)

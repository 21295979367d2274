"""An instance with pages that were kept and left out, files of a site in two versions, and a complaint."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from sqlalchemy import select, text

from crawler.cli import main
from crawler.config import Config
from crawler.retention.prune import Pruned, plan, prune
from crawler.store.complaints import Filing, Promise, Step, file_complaint, take_step
from crawler.store.database import open_database
from crawler.store.public import audit
from crawler.store.record import Answer as Head
from crawler.store.record import CrawlStatus, Record
from crawler.store.schema import decision, document, observation
from crawler.store.warc import WarcFile
from crawler.store.writer import Writer
from reservations.model import Outcome, Verdict
from tests.log_tools import ABOUT, Instance, stored
from tests.record_tools import at, crawl_start, decided, location_files, page, recorded, robots

NOW = at(0) + timedelta(days=100)
PROMISE = Promise(confirm_days=2, answer_days=10, close_days=14)
SECRET = b"Jane Doe, 3 March 1990"


def made(instance: Instance) -> Instance:
    """Two crawls of one site a day apart: `/a` kept in both, `/left` left out for its header line."""
    for number, minutes in enumerate((0, 24 * 60)):
        _crawl(instance, b"# version %d\nUser-agent: *\nAllow: /\n" % number, minutes)
    engine = open_database(instance.config.database_url)
    with engine.begin() as connection:
        filing = Filing(
            kind="taken", domain="example.org", subjects="https://example.org/a", content="Take it out",
            name="Jane Doe", role="author", contact="jane@example.org",
        )  # fmt: skip
        file_complaint(connection, filing, PROMISE, at(0))
        take_step(connection, 1, Step.CLOSED, "staff", "Done, Ms Doe", PROMISE, at(10))
        audit(connection, at(0), "staff", "open", "complaint C-2026-0001")
    engine.dispose()
    instance.checkpoint(24 * 60 + 5)
    return instance


def _crawl(instance: Instance, rules: bytes, minutes: float) -> None:
    engine = open_database(instance.config.database_url)

    async def body(record: Record, _: Writer) -> None:
        crawl = f"{record._context['crawl_id']:06d}"
        evidence = WarcFile(instance.data / "evidence", f"evidence-{crawl}", ABOUT)
        documents = WarcFile(instance.data / "warc", f"forbear-{crawl}", ABOUT)
        file = robots(rules, minutes=minutes)
        record.observe(file, stored(evidence, "evidence", file, file.body))
        files = (file, *location_files(minutes=minutes))
        for name in ("a", "b", "c"):
            content = b"<title>%s</title>" % name.encode() + SECRET * 20
            answer = page(f"https://example.org/{name}", content, minutes)
            head = Head(
                status=200, media_type="text/html", bytes=len(content),
                body_sha256=sha256(content).hexdigest(), attempt=1,
            )  # fmt: skip
            kept = decided(answer.url, *files, answer, minutes=minutes)
            assert kept.verdict is Verdict.KEEP
            record.decide(kept, head, stored(documents, "warc", answer, content))
        left = page("https://example.org/left", b"", minutes, tdm_reservation="1", x_marker=f"m{minutes}")
        signals = replace(
            left, kind="html-signals", body=b'{"marker": "extract-of-%d"}' % minutes, fields=(),
            outcome=Outcome.FOUND,
        )  # fmt: skip
        closed = decided(left.url, *files, left, signals, minutes=minutes)
        assert closed.verdict is Verdict.EXCLUDE
        record.decide(closed, Head(status=200, media_type="text/html", attempt=1))
        documents.close()
        evidence.close()
        await record.end_crawl(CrawlStatus.FINISHED, at(minutes + 1))

    recorded(engine, body, crawl_start(at(minutes)))
    engine.dispose()


def with_days(instance: Instance, **days: int) -> Config:
    """The instance's configuration with retention rules."""
    return instance.config.merged(retention=days)


def surveyed(config: Config, now: datetime = NOW) -> dict[str, tuple[int, tuple[tuple[int, int], ...]]]:
    """What a dry run says: rows, and rows spared by holds, of each rule in force."""
    return {each.rule: (each.rows, each.spared) for each in plan(config, now)[0] if each.days}


def pruned(config: Config, now: datetime = NOW) -> dict[str, Pruned]:
    """What a run removes, by rule."""
    return {each.rule: each for each in prune(config, "tester", now)}


def rows(instance: Instance, statement: str) -> list[Any]:
    """The answer to a query."""
    with instance.reading() as connection:
        return [tuple(row) for row in connection.execute(text(statement))]


def places(instance: Instance) -> list[tuple[str, int, int]]:
    """Where kept documents lie."""
    table = document.c
    with instance.reading() as connection:
        query = select(table.warc_file, table.warc_offset, table.warc_length).order_by(table.decision_id)
        return [tuple(row) for row in connection.execute(query)]


def evidence_of(instance: Instance, url: str, kind: str) -> list[str]:
    """Digests of what was observed there, in order."""
    with instance.reading() as connection:
        mine = (observation.c.url == url, observation.c.kind == kind)
        return list(
            connection.scalars(select(observation.c.evidence_sha256).where(*mine).order_by(observation.c.id))
        )


def decisions_about(instance: Instance, url: str) -> list[int]:
    """Numbers of the decisions about a URL."""
    with instance.reading() as connection:
        return list(connection.scalars(select(decision.c.id).where(decision.c.url == url)))


def run_cli(
    instance: Instance, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *words: str
) -> tuple[int, str, str]:
    """Run a command as a user does; its exit code and what it printed."""
    monkeypatch.setenv("FORBEAR_STORAGE_DATABASE", instance.database)
    line = ["forbear", *words, "--data", str(instance.data), "--config", "/dev/null"]
    monkeypatch.setattr(sys, "argv", line)
    code: object = 0
    try:
        main()
    except SystemExit as error:
        code = error.code or 0
    out, err = capsys.readouterr()
    assert isinstance(code, int)
    return code, out, err

"""A site that changes between two looks, an instance that kept its pages, and a second look at them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any

from rich.console import Console
from sqlalchemy import create_engine, select, update
from typer.testing import CliRunner

from crawler.cli import build_app
from crawler.components.run import Job, run_job
from crawler.config import Config
from crawler.lists import import_list
from crawler.recheck.run import Ending, Recheck, Run
from crawler.store.database import open_for_reading
from crawler.store.queries.documents import DocumentFilter, kept_documents
from crawler.store.rebuild import rejudge
from crawler.store.schema import decision, document, evidence, reservation
from tests.integration.blocklist_tools import config_in, entry, write_list
from tests.integration.rawserver import RawServer, Reply, answer

DAY = 86_400.0
CONFIG = """
[operator]
contact = "crawler@forbear.example"
[crawler]
product_token = "ForbearDemo"
info_url = "https://forbear.example/bot"
[network]
allow_private = true
timeout = 4
[politeness]
delay = 0
"""
OPEN = answer(b"User-agent: *\nAllow: /\n", Content_Type="text/plain")
PAGE = b"<html><head><title>A page</title></head><body><p>Words.</p></body></html>"


def page(body: bytes = PAGE, **fields: str) -> bytes:
    """A page with a validator."""
    return answer(body, Content_Type="text/html", **fields)


def not_modified(**fields: str) -> bytes:
    """A 304 with these fields."""
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in fields.items()]
    return "\r\n".join(["HTTP/1.1 304 Not Modified", *lines, "", ""]).encode()


@dataclass
class Site:
    """A server on a thread of its own, whose replies may be changed while it runs."""

    server: RawServer
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)

    def url(self, path: str) -> str:
        """The URL of a path."""
        return self.server.url(path)

    def __setitem__(self, path: str, reply: Reply) -> None:
        self.server.replies[path] = reply

    def asked(self, path: str) -> list[dict[str, str]]:
        """The header fields of each request for a path since the last `forget`."""
        return [seen.headers for seen in self.server.seen if seen.target == path]

    def forget(self) -> None:
        """Begin to count anew."""
        self.server.seen.clear()

    def die(self) -> None:
        """Answer nobody any more."""
        asyncio.run_coroutine_threadsafe(self._stop(), self.loop).result(5)

    async def _stop(self) -> None:
        self.server._server.close()


@contextmanager
def site(**replies: Reply) -> Iterator[Site]:
    """A site whose robots.txt allows everything; `page_a` becomes the path `/page/a`."""
    found = Site(RawServer({"/robots.txt": OPEN}))
    found.server.replies |= {"/" + name.replace("_", "/"): reply for name, reply in replies.items()}
    thread = Thread(target=found.loop.run_forever, daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(found.server.__aenter__(), found.loop).result(5)
    try:
        yield found
    finally:
        found.die()
        found.loop.call_soon_threadsafe(found.loop.stop)
        thread.join(5)


class Kept:
    """An instance on loopback that has crawled some pages."""

    def __init__(self, folder: Path, *urls: str, **sections: Any) -> None:
        self.config: Config = config_in(folder, **sections)
        self.days = 0.0
        """How far its clock is ahead."""
        self.crawl(*urls)

    def crawl(self, *urls: str) -> None:
        """Crawl these URLs, and no links."""
        job = Job(config=self.config, seeds=urls, spider="urls")
        asyncio.run(run_job(job, Console(quiet=True, stderr=True)))

    def look(self, days: float = 31.0, **options: Any) -> Ending:
        """A second look, some days later."""
        self.days += days
        run = Run(Recheck(config=self.config, **options), now=lambda: time.time() + self.days * DAY)
        return asyncio.run(run.go())

    def decisions(self, url: str) -> list[Any]:
        """The rows about a URL in their order; each must come out the same when judged again."""
        engine = open_for_reading(self.config.database_url)
        with engine.connect() as connection:
            rows = connection.execute(
                select(decision).where(decision.c.url == url).order_by(decision.c.id)
            ).all()
            assert [row.id for row in rows if not rejudge(connection, row.id).same] == []
        engine.dispose()
        return list(rows)

    def last(self, url: str) -> tuple[str, str, str]:
        """Stage, verdict and reason of the newest decision about a URL."""
        row = self.decisions(url)[-1]
        return row.stage, row.verdict, row.reason

    def ask(self, question: Any) -> Any:
        """What a query says."""
        engine = open_for_reading(self.config.database_url)
        try:
            with engine.connect() as connection:
                return question(connection)
        finally:
            engine.dispose()

    def exported(self) -> set[str]:
        """URLs of the documents that an export would have now."""
        return self.ask(lambda c: {d.url for d in kept_documents(c, DocumentFilter())})

    def command(self, *words: str) -> tuple[int, str]:
        """Exit code and output of `forbear` on this instance."""
        file = self.config.storage.data.parent / "forbear.toml"
        file.write_text(CONFIG, "utf-8")
        options = ("--config", str(file), "--data", str(self.config.storage.data))
        done = CliRunner().invoke(build_app(), [*words, *options])
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done.exit_code, done.output

    def reservations(self) -> list[Any]:
        """The reservations that were seen."""
        rows = select(reservation).order_by(reservation.c.id)
        return list(self.ask(lambda c: c.execute(rows).all()))

    def damage(self, content: bytes) -> None:
        """Change stored evidence behind the record's back."""
        engine = create_engine(self.config.database_url)
        with engine.begin() as connection:
            changed = update(evidence).where(evidence.c.content == content).values(content=b"")
            assert connection.execute(changed).rowcount == 1
        engine.dispose()

    def set_back(self, days: float) -> None:
        """Let the last look at everything lie so many days further back."""
        engine = create_engine(self.config.database_url)
        then = datetime.now(UTC) - timedelta(days=days)
        with engine.begin() as connection:
            connection.execute(update(document).values(looked_at=then, files_at=then))
        engine.dispose()

    def list_host(self, host: str) -> None:
        """Import a list that names a host."""
        line = entry(host, decided_on=None, valid_from="2020-01-01")
        file = write_list(self.config.storage.data.parent / "list.jsonl", line)
        import_list(self.config, file, "jsonl")

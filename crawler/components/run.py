"""Run one crawl from start to table: Scrapy inside an event loop of our own.

No Twisted reactor is installed. SIGINT once stops cleanly (pages in flight finish, rows are
flushed); twice stops at once, and the next run on the same data goes on from what is durable.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import urljoin

from rich.console import Console
from scrapy.crawler import AsyncCrawlerRunner, Crawler
from scrapy.settings import Settings
from scrapy.spiderloader import SpiderLoader

from crawler.components.runtime import Runtime, adopt
from crawler.config import Config, ConfigError
from crawler.frontier import Candidate
from crawler.logs import quiet_logging
from crawler.own import own_settings
from crawler.progress import Bar, print_plan, print_summary
from crawler.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What to crawl, and how."""

    config: Config
    seeds: tuple[str, ...]
    spider: str = "broad"
    plan: bool = False
    settings: Mapping[str, str] = field(default_factory=dict)
    command: str = "forbear crawl"


COMPLETE = 0
USAGE = 2
INCOMPLETE = 3


async def run_job(job: Job, console: Console) -> int:
    """Crawl, or plan; print the table; the exit code of the command."""
    quiet_logging(console)
    _require_spider(job)
    session = Session(job.config)
    await session.ensure_open(job.command, job.seeds)
    status = "failed"
    try:
        _require_seeds(session, job)
        if job.plan:
            await print_plan(session, job.seeds or session.instance.earlier_seeds, console)
            status = "planned"
            return COMPLETE
        status = await _crawl(session, job, console)
    finally:
        await session.close(status)
    print_summary(session, status)
    return COMPLETE if status == "finished" else INCOMPLETE


def _require_spider(job: Job) -> None:
    known = SpiderLoader(Settings(own_settings(job.config))).list()
    if job.spider not in known:
        raise ConfigError(f"--spider {job.spider}: no such spider; known: {', '.join(sorted(known))}")


def _require_seeds(session: Session, job: Job) -> None:
    if not job.seeds and not session.instance.earlier_seeds:
        raise ConfigError("no seeds: name URLs, or a file with --seeds urls.txt, a URL a line")


async def _crawl(session: Session, job: Job, console: Console) -> str:
    runner = AsyncCrawlerRunner({**own_settings(job.config), **job.settings})
    crawler = runner.create_crawler(job.spider)
    adopt(crawler, Runtime(session, own=True))
    await _put_seeds(session, job, sitemaps=getattr(crawler.spidercls, "robots_of_seeds", False))
    if await session.instance.frontier.open_rows() == 0:
        session.tally.nothing_left = True
        return "finished"
    task = asyncio.ensure_future(runner.crawl(crawler))
    watch = asyncio.ensure_future(_watch(session, crawler))
    with _interruptible(runner, task), Bar(session.tally, console):
        try:
            await task
        except asyncio.CancelledError:
            return "interrupted"
        finally:
            watch.cancel()
    reason = crawler.stats.get_value("finish_reason") if crawler.stats else None
    if session.stopped:
        return "finished" if session.stopped.endswith("are kept") else f"stopped: {session.stopped}"
    return "interrupted" if reason == "shutdown" else str(reason)


async def _put_seeds(session: Session, job: Job, *, sitemaps: bool) -> None:
    candidates = [
        Candidate(
            url=urljoin(url, "/robots.txt") if sitemaps else url,
            host=session.host_of(url),
            source="sitemap" if sitemaps else "seed",
        )
        for url in job.seeds
    ]
    added = session.frontier.put(list({c.url: c for c in candidates}.values()))
    if added is not None:
        await added


async def _watch(session: Session, crawler: Crawler) -> None:
    """End the crawl when the session asks for it, or when the record cannot be written any more."""
    while not session.stopped:
        await asyncio.sleep(0.2)
        failed = session.instance.writer.failed
        if failed.done():
            session.stop(str(failed.exception()))
        signer = session.instance.signer
        if signer is not None and signer.ended:
            session.stop("the signing key has ended; run the crawl again to go on with the next one")
    if crawler.engine is not None:
        await crawler.engine.close_spider_async(reason="stopped")


@contextlib.contextmanager
def _interruptible(runner: AsyncCrawlerRunner, task: asyncio.Future[None]) -> Iterator[None]:
    presses = 0

    def pressed() -> None:
        nonlocal presses
        presses += 1
        if presses == 1:
            logging.getLogger("forbear").warning(
                "stopping: pages in flight finish; Ctrl-C again stops at once"
            )
            stopping.append(asyncio.ensure_future(runner.stop()))
        else:
            task.cancel()

    stopping: list[asyncio.Future[object]] = []
    loop = asyncio.get_running_loop()
    signals = (signal.SIGINT, signal.SIGTERM)
    for number in signals:
        loop.add_signal_handler(number, pressed)
    try:
        yield
    finally:
        for number in signals:
            loop.remove_signal_handler(number)

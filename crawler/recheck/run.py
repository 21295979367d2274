"""One run: everything that is due is looked at, the oldest look first, until it is done or stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import time

from crawler.config import Config
from crawler.gate import Terms
from crawler.instance import Instance
from crawler.network import Client, identity_headers
from crawler.recheck.feed import Feed
from crawler.recheck.lanes import Lanes, host_of
from crawler.recheck.look import Looker
from crawler.recheck.model import Means, PutOffError
from crawler.recheck.outcome import Outcomes
from crawler.recheck.recording import record
from crawler.store.queries.recheck import Due, DueFilter

WINDOW = 50_000
"""Documents that wait in memory at most, so that a slow host does not hold up the others."""
_POLL = 0.2
_FOREVER = timedelta(days=36_500)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recheck:
    """What is to be looked at again."""

    config: Config
    hosts: tuple[str, ...] = ()
    """Hosts with everything below them; empty: all."""
    older_than: float | None = None
    """Seconds since the last look; None: the configured interval, or none at all for named hosts."""
    max_pages: int = 0
    """0: no bound."""
    files_only: bool = False
    command: str = "forbear recheck"

    def due_filter(self, now: datetime) -> DueFilter:
        """Which documents are due at a moment."""
        settings = self.config.recheck
        usual = 0.0 if self.hosts else settings.interval
        age = usual if self.older_than is None else self.older_than
        return DueFilter(
            before=now - min(timedelta(seconds=age), _FOREVER),
            retry_before=now - timedelta(seconds=min(age, settings.retry)),
            hosts=self.hosts,
            files_only=self.files_only,
        )


@dataclass(slots=True, kw_only=True)
class Ending:
    """How a run ended."""

    crawl: int
    outcomes: Outcomes
    stopped: str = ""
    """Why it ended before everything was looked at; empty where it did not."""
    left: int = 0
    """Documents that are still due."""


class Run:
    """A run while it is going on."""

    def __init__(self, job: Recheck, *, now: Callable[[], float] = time) -> None:
        self.job = job
        self.outcomes = Outcomes()
        self.stopped = ""
        self._now = now
        self._lanes = Lanes()
        self._begun = 0

    def stop(self, why: str) -> None:
        """Ask for the end: what is in flight is finished. The first cause counts."""
        self.stopped = self.stopped or why

    async def go(self) -> Ending:
        """Look, until there is nothing more. Raises what opening an instance raises."""
        config = self.job.config
        terms = Terms(agent=config.agent, policy=config.reading_policy, types=config.crawl.types)
        instance = Instance(config, now=self._now)
        await instance.open(self.job.command, terms, stop=self.stop)
        status = "failed"
        feed = Feed(config.database_url, self.job.due_filter(datetime.fromtimestamp(self._now(), UTC)))
        client = Client(
            instance.guard, identity_headers(config), timeout=config.network.timeout, signer=instance.signer
        )
        try:
            means = Means(
                config=config,
                instance=instance,
                client=client,
                terms=terms,
                files_of=feed.files,
                software=instance.record.software,
                now=self._now,
                files_only=self.job.files_only,
            )
            await self._look_at_all(feed, means)
            await instance.writer.call(lambda connection: None)  # so that all that was decided is counted
            left = await feed.left()
            status = "interrupted" if self.stopped else "finished"
        finally:
            feed.close()
            await client.aclose()
            await instance.close(status)
        return Ending(crawl=instance.record.crawl_id, outcomes=self.outcomes, stopped=self.stopped, left=left)

    async def _look_at_all(self, feed: Feed, means: Means) -> None:
        looker = Looker(means)
        running: dict[asyncio.Task[None], Due] = {}
        try:
            while True:
                await self._fill(feed)
                while len(running) < means.config.crawl.concurrency and (row := self._next()) is not None:
                    running[asyncio.create_task(self._one(row, feed, looker, means))] = row
                if not running:
                    return
                done, _ = await asyncio.wait(running, timeout=_POLL, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    self._lanes.done(running.pop(task))
                    task.result()
                self._watch(means.instance)
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    async def _fill(self, feed: Feed) -> None:
        while not feed.ended and not self.stopped and self._lanes.size < WINDOW // 2:
            for row in await feed.next():
                if not self._lanes.add(row):
                    self.outcomes.put_off[host_of(row.url)] += 1

    def _next(self) -> Due | None:
        bound = self.job.max_pages
        if self.stopped or (bound and self._begun >= bound):
            return None
        row = self._lanes.take()
        self._begun += row is not None
        return row

    async def _one(self, row: Due, feed: Feed, looker: Looker, means: Means) -> None:
        known, last = await feed.known(row.url), None
        for attempt in range(1, means.config.politeness.retries + 2):
            try:
                hops = await looker.look(row.url, known, attempt)
            except PutOffError as error:
                self._put_off(row, error.host, begun=last is not None)
                break
            await record(means, hops)
            last = hops[0]
            if not last.wants_patience or self.stopped:
                break
        if last is not None:
            self.outcomes.add(last)

    def _put_off(self, row: Due, host: str, *, begun: bool) -> None:
        """Leave the host for another run. A page about which it was decided already has been looked at."""
        own = host_of(row.url)
        waiting = self._lanes.close(own) if host == own else 0
        self.outcomes.put_off[host] += waiting + (not begun)
        self._begun -= not begun

    def _watch(self, instance: Instance) -> None:
        failed = instance.writer.failed
        if failed.done():
            self.stop(str(failed.exception()))
        if instance.signer is not None and instance.signer.ended:
            self.stop("the signing key has ended; run the command again to go on with the next one")

"""The lists of a running crawl: pinned at the start, refreshed while it runs, and recorded.

`pin` loads the set and refuses to start on lists that are too old; `begin` records it and watches. A
crawl goes on for weeks, and Measure 1.2 speaks of the time of crawling: so due sources are fetched
daily, what an operator imports or overrides meanwhile is taken up within a minute, and documents that
turn out to have been listed when they were fetched are withdrawn.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from blocklists.index import Index
from blocklists.model import Hit
from blocklists.snapshot import Snapshot
from crawler.config import Config
from crawler.gate import Terms
from crawler.lists.files import OVERRIDES, REGISTER, SNAPSHOT, ListError, folder
from crawler.lists.freshness import DAY, enabled, freshness, must_stop
from crawler.lists.late import Late, discover_late, quarantine_late
from crawler.lists.loading import SHOWN, keep_set, list_policy, load_lists, load_register
from crawler.lists.updating import Outcome, chosen, due, update
from crawler.network import Client
from crawler.store.database import open_for_reading
from crawler.store.lists import last_set, record_entry, record_set
from crawler.store.queries.lists import documents
from crawler.store.record import Record
from crawler.store.writer import Writer

log = logging.getLogger("forbear.blocklists")
POLL = 30.0
"""Seconds between looks at the files; what changed there is in force within this time."""
MET = 100_000
"""Entries remembered as recorded; forgetting one costs a look into the database."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What the lists of a crawl need of the instance it runs on."""

    crawl: int
    record: Record
    writer: Writer
    client: Client
    terms: Terms
    stop: Callable[[str], None]
    """Asks for the end of the crawl."""


class LiveLists:
    """The set of lists a crawl decides by."""

    def __init__(self, config: Config, *, now: Callable[[], float]) -> None:
        self._config = config
        self._now = now
        self._scene: Scene | None = None
        self._task: asyncio.Task[None] | None = None
        self._met: set[tuple[str, str, str]] = set()
        self._stamp: tuple[int, ...] = ()
        self._warned: set[str] = set()
        self._looked = 0.0
        self.snapshot = Snapshot()
        self.index = Index(())
        self.late: tuple[Late, ...] = ()
        """What the last change of lists turned up; for the report at the end."""

    @property
    def set_id(self) -> str:
        """The set in force, as recorded with the crawl."""
        return self.snapshot.set_id

    def pin(self) -> str:
        """Load the lists before anything is asked; the set's id. Raises ListError if they are too old."""
        self._take(*self._load())
        if why := self._check_ages():
            raise ListError(f"{why}. `[blocklists] allow_stale = true` crawls all the same")
        return self.set_id

    def hits(self, url: str) -> tuple[Hit, ...]:
        """What the lists say about a URL today. Entries that are met are recorded."""
        if not len(self.index):
            return ()
        hits = self.index.lookup(url, self._time().date())
        for hit in hits:
            self._meet(hit)
        return hits

    async def begin(self, scene: Scene) -> None:
        """Record the set, look for late discoveries if it is another than last time, and keep watch."""
        self._scene = scene
        self._looked = self._now()
        await self._record()
        before = await scene.writer.call(partial(last_set, before=scene.crawl))
        if before != self.set_id:
            await self._look_back()
        self._task = asyncio.create_task(self._watch(), name="forbear-blocklists")

    async def end(self) -> None:
        """Stop watching. Comes before the writer closes."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        self._task = self._scene = None

    async def refresh(self) -> None:
        """Fetch what is due, take up what changed in the files, and judge the ages again."""
        scene = self._scene
        if scene is not None and self._now() - self._looked >= self._every():
            self._looked = self._now()
            sources = due(self._config, chosen(self._config, enabled(self._config)), self._time())
            for done in await update(self._config, scene.client, sources):
                if done.outcome in (Outcome.HELD, Outcome.FAILED):
                    log.warning("list %s: %s: %s", done.name, done.outcome, done.why)
        if self._stamps() != self._stamp:
            snapshot, index = await asyncio.to_thread(self._load)
            changed = snapshot.set_id != self.set_id
            self._take(snapshot, index)
            if changed and scene is not None:
                log.warning("lists changed: deciding by set %s from now on", self.set_id[:SHOWN])
                await self._record()
                await self._look_back()
        if (why := self._check_ages()) and scene is not None:
            scene.stop(why)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(POLL)
            try:
                await self.refresh()
            except (ListError, OSError) as error:
                # What is in force stays, and only grows older: the check of ages ends that.
                log.warning("lists could not be refreshed: %s", error)

    def _load(self) -> tuple[Snapshot, Index]:
        snapshot = load_lists(self._config)
        return snapshot, snapshot.index(list_policy(self._config))

    def _take(self, snapshot: Snapshot, index: Index) -> None:
        self.snapshot, self.index = snapshot, index
        self._stamp = self._stamps()

    async def _record(self) -> None:
        scene = self._scene
        assert scene is not None
        path = await asyncio.to_thread(keep_set, self._config, self.snapshot)
        name = f"{path.parent.name}/{path.name}"
        await scene.writer.call(
            partial(record_set, snapshot=self.snapshot, crawl_id=scene.crawl, now=self._time(), file=name)
        )

    async def _look_back(self) -> None:
        scene = self._scene
        assert scene is not None
        # All that was kept has to be there; then it is read apart, so that rows go on being written.
        await scene.writer.call(lambda connection: None)
        self.late = await asyncio.to_thread(self._discover)
        if self.late:
            await quarantine_late(
                self.late, record=scene.record, writer=scene.writer, terms=scene.terms, now=self._time()
            )
            log.warning(
                "%d documents withdrawn: their hosts were listed when they were fetched, as we learned "
                "later; `forbear blocklists report` names them",
                len(self.late),
            )

    def _discover(self) -> tuple[Late, ...]:
        engine = open_for_reading(self._config.database_url)
        try:
            with engine.connect() as connection:
                return discover_late(self.index, documents(connection))
        finally:
            engine.dispose()

    def _meet(self, hit: Hit) -> None:
        key = (hit.entry.source, hit.snapshot, hit.entry.entry_id)
        if self._scene is None or key in self._met:
            return
        listing = next((each for each in self.snapshot.listings if each.name == hit.entry.source), None)
        if listing is None:
            return
        if len(self._met) >= MET:
            self._met.clear()
        self._met.add(key)
        self._scene.writer.call(partial(record_entry, listing=listing, entry=hit.entry), apart=True)

    def _check_ages(self) -> str:
        """Warn of each stale list once; why the crawl has to stop, if it has to."""
        ages = freshness(self._config, self.snapshot, load_register(self._config), self._time())
        for age in ages:
            if age.stale and age.name not in self._warned:
                self._warned.add(age.name)
                log.warning("%s", age.sentence())
        return must_stop(self._config, ages)

    def _every(self) -> float:
        return float(getattr(self._config.blocklists, "refresh", DAY))

    def _stamps(self) -> tuple[int, ...]:
        paths = [folder(self._config) / name for name in (SNAPSHOT, OVERRIDES, REGISTER)]
        return tuple(path.stat().st_mtime_ns if path.exists() else 0 for path in paths)

    def _time(self) -> datetime:
        return datetime.fromtimestamp(self._now(), UTC)

"""The lists of a running crawl: pinned, recorded, refreshed, too old, and learned of late."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, select

from crawler.config import Config
from crawler.examine import terms_of
from crawler.gate import Case, Terms, judge
from crawler.lists import ListError, import_list
from crawler.lists.late import discover_late
from crawler.lists.live import LiveLists, Scene
from crawler.lists.loading import kept_sets, load_set
from crawler.lists.overrides import add_override
from crawler.network import AddressGuard, Client
from crawler.store.database import open_database
from crawler.store.queries.documents import DocumentFilter, kept_documents
from crawler.store.queries.lists import (
    documents,
    exclusions,
    hosts,
    not_listed,
    redirects_to_listed,
    set_at,
    sets_used,
)
from crawler.store.record import Answer, CrawlStart, Identity, Record, WarcPlace
from crawler.store.schema import document
from crawler.store.writer import Writer
from reservations.model import Stage, Verdict
from tests.integration.blocklist_tools import config_in, entry, write_list, write_register
from tests.integration.rawserver import RawServer, answer

URL = "http://film-one.com/page"
DAY = 86_400.0


@dataclass
class Stand:
    """A record, and the lists on it."""

    config: Config
    record: Record
    writer: Writer
    terms: Terms
    lists: LiveLists
    crawl: int
    clock: list[float]
    stopped: list[str] = field(default_factory=list)

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.clock[0], UTC)

    async def keep(self, url: str) -> None:
        """Keep a page, as a crawl would."""
        decision = judge(Case(url=url, stage=Stage.FRONTIER, decided_at=self.now()), self.terms)
        decision = replace(decision, verdict=Verdict.KEEP, reasons=(), stage=Stage.BODY)
        got = Answer(status=200, media_type="text/html", bytes=3, body_sha256="0" * 64)
        await self.record.decide(decision, got, WarcPlace(file="warc/a.warc.gz", offset=0, length=9))

    async def refuse(self, url: str, via: str | None = None) -> None:
        """Decide about a listed page."""
        hits = self.lists.hits(url)
        case = Case(url=url, via=via, stage=Stage.BEFORE_FETCH, decided_at=self.now(), hits=hits)
        await self.record.decide(judge(case, self.terms))

    async def ask(self, question: object) -> object:
        """A query on the record."""
        return await self.writer.call(question)  # type: ignore[arg-type]


@asynccontextmanager
async def stand(config: Config, url: str, *, at: float | None = None) -> AsyncIterator[Stand]:
    """A crawl that has begun, on any database."""
    clock = [time.time() if at is None else at]
    engine = open_database(url)
    writer = Writer(engine)
    writer.start()
    record, terms = Record(writer), terms_of(config)
    lists = LiveLists(config, now=lambda: clock[0])
    set_id = lists.pin()
    crawl = await record.start_crawl(
        CrawlStart(
            started_at=datetime.fromtimestamp(clock[0], UTC),
            command="test",
            config={},
            identity=Identity(product_token="T", user_agent="T/1", from_address="", info_url=""),
            terms=terms,
            blocklist_set=set_id,
        )
    )
    stopped: list[str] = []
    async with Client(AddressGuard(allow_private=True), {}, timeout=3) as client:
        scene = Scene(
            crawl=crawl, record=record, writer=writer, client=client, terms=terms, stop=stopped.append
        )
        await lists.begin(scene)
        try:
            yield Stand(config, record, writer, terms, lists, crawl, clock, stopped)
        finally:
            await lists.end()
            await writer.close()
            engine.dispose()


def test_the_set_is_recorded_and_kept_so_that_it_can_be_explained(tmp_path: Path, database_url: str) -> None:
    config = config_in(tmp_path, storage={"database": database_url})
    import_list(config, write_list(tmp_path / "no.jsonl", entry("film-one.com")), "jsonl")

    async def go() -> None:
        async with stand(config, database_url) as on:
            await on.refuse(URL, via="http://start-one.com/go")
            await on.refuse(URL)
            await on.keep("http://other-one.com/")
            (use,) = await on.ask(sets_used)  # type: ignore[misc]
            assert (use.crawl, use.set_id, use.entries) == (on.crawl, on.lists.set_id, 137)
            assert use.age is not None
            assert use.age.total_seconds() >= 0
            assert kept_sets(config) == (use.set_id,)
            assert load_set(config, use.set_id[:8]) == on.lists.snapshot
            first, second = await on.ask(lambda c: tuple(exclusions(c, host="film-one.com")))  # type: ignore[misc]
            assert (first.via, second.via) == ("http://start-one.com/go", None)
            assert first.set_id == use.set_id
            assert first.set_age is not None
            assert first.entry is not None
            assert first.entry["decision_ref"] == "00-000000TVI-OTIR/00"
            assert first.reason.evidence == on.lists.snapshot.listings[1].sha256
            found = await on.ask(redirects_to_listed)
            assert found == (("http://start-one.com/go", URL),)
            (checked,) = await on.ask(lambda c: not_listed(c, "other-one.com"))  # type: ignore[misc]
            assert (checked.set_id, checked.decisions) == (use.set_id, 1)
            assert await on.ask(lambda c: not_listed(c, "film-one.com")) == ()
            assert set(await on.ask(lambda c: set(hosts(c)))) == {"film-one.com", "other-one.com"}  # type: ignore[call-overload]
            assert await on.ask(lambda c: tuple(exclusions(c, source="other"))) == ()

    asyncio.run(go())


def test_what_is_imported_while_a_crawl_runs_is_taken_up_and_late_pages_are_withdrawn(
    tmp_path: Path, database_url: str
) -> None:
    config = config_in(tmp_path, storage={"database": database_url})
    lines = [entry("film-one.com"), entry("new-one.com", decided_on=None, valid_from="2999-01-01")]

    async def go() -> None:
        async with stand(config, database_url) as on:
            for url in (URL, "http://new-one.com/", "http://film-one.com.other.net/"):
                await on.keep(url)
            before = on.lists.set_id
            await on.lists.refresh()
            assert on.lists.set_id == before
            import_list(config, write_list(tmp_path / "no.jsonl", *lines), "jsonl")
            on.clock[0] += 60
            await on.lists.refresh()
            assert on.lists.set_id != before
            assert [late.document.url for late in on.lists.late] == [URL]
            kept = await on.ask(lambda c: [d.url for d in kept_documents(c, DocumentFilter())])
            assert kept == ["http://new-one.com/", "http://film-one.com.other.net/"]
            withdrawn = await on.ask(_withdrawn)
            assert withdrawn == [URL]
            uses = await on.ask(sets_used)
            assert [use.set_id for use in uses] == [before, on.lists.set_id]  # type: ignore[attr-defined]
            early = set_at(uses, on.crawl, on.now().replace(year=2000))  # type: ignore[arg-type]
            assert early is None
            (row,) = await on.ask(lambda c: tuple(exclusions(c)))  # type: ignore[misc]
            assert (row.url, row.stage, row.set_id) == (URL, "recheck", on.lists.set_id)
            assert await on.ask(lambda c: discover_late(on.lists.index, documents(c))) == ()

    asyncio.run(go())


def _withdrawn(connection: Connection) -> list[str]:
    rows = connection.execute(select(document.c.url).where(document.c.withdrawn_at.is_not(None)))
    return [row.url for row in rows]


def test_a_list_learned_between_two_crawls_is_looked_back_on(tmp_path: Path) -> None:
    config = config_in(tmp_path)
    url = config.database_url

    async def first() -> None:
        async with stand(config, url) as on:
            await on.keep(URL)

    async def second() -> None:
        async with stand(config, url) as on:
            assert [late.document.url for late in on.lists.late] == [URL]
        async with stand(config, url) as on:
            assert on.lists.late == ()

    asyncio.run(first())
    import_list(config, write_list(tmp_path / "no.jsonl", entry("film-one.com")), "jsonl")
    asyncio.run(second())


def test_an_override_holds_at_once(tmp_path: Path) -> None:
    config = config_in(tmp_path)
    import_list(config, write_list(tmp_path / "no.jsonl", entry("film-one.com")), "jsonl")

    async def go() -> None:
        async with stand(config, config.database_url) as on:
            assert on.lists.hits(URL)
            add_override(config, "film-one.com", by="A. Jurist", reason="new owner")
            await on.lists.refresh()
            assert not on.lists.hits(URL)
            add_override(config, "film-one.com", by="A. Jurist", reason="listed again", revoke=True)
            await on.lists.refresh()
            assert on.lists.hits(URL)

    asyncio.run(go())


def test_due_sources_are_fetched_daily(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = config_in(tmp_path)
    monkeypatch.setattr("crawler.lists.live.enabled", lambda _: ("a",))

    async def go() -> None:
        async with RawServer({"/a": answer(b"film-one.com\n")}) as server:
            write_register(config, a={"url": server.url("/a")})
            async with stand(config, config.database_url) as on:
                await on.lists.refresh()
                assert server.seen == []
                on.clock[0] += DAY + 1
                await on.lists.refresh()
                assert len(server.seen) == 1
                assert on.lists.hits(URL)
                await on.lists.refresh()
                assert len(server.seen) == 1

    asyncio.run(go())


class TestStale:
    def test_it_warns_and_goes_on_by_default(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        config = config_in(tmp_path)
        import_list(config, write_list(tmp_path / "no.jsonl", entry("film-one.com")), "jsonl")
        lists = LiveLists(config, now=lambda: time.time() + 40 * DAY)
        lists.pin()
        assert "the list no was last confirmed 40 days ago" in caplog.text

    def test_it_stops_if_the_operator_says_so_after_a_time_of_grace(self, tmp_path: Path) -> None:
        config = config_in(tmp_path, blocklists={"allow_stale": False})
        import_list(config, write_list(tmp_path / "no.jsonl", entry("film-one.com")), "jsonl")
        LiveLists(config, now=lambda: time.time() + 35 * DAY).pin()
        with pytest.raises(ListError, match="allow_stale = true"):
            LiveLists(config, now=lambda: time.time() + 38 * DAY).pin()

    def test_a_running_crawl_is_stopped(self, tmp_path: Path) -> None:
        config = config_in(tmp_path, blocklists={"allow_stale": False})
        import_list(config, write_list(tmp_path / "no.jsonl", entry("film-one.com")), "jsonl")

        async def go() -> None:
            async with stand(config, config.database_url) as on:
                await on.lists.refresh()
                assert on.stopped == []
                on.clock[0] += 38 * DAY
                await on.lists.refresh()
                assert "38 days" in on.stopped[0]

        asyncio.run(go())

"""Sums over sites: whatever was counted when, they say what the rows say."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import Engine, select

from crawler.gate import Decision
from crawler.store import schema
from crawler.store.database import Connection, open_database
from crawler.store.log import take_away
from crawler.store.queries.derived import wrong_sums
from crawler.store.queries.folders import has_sums
from crawler.store.queries.lookup import LookupFilter, lookup
from crawler.store.queries.pages import example, hosts, page_counts, taking, visitors
from crawler.store.queries.site import Sites
from crawler.store.queries.sums import counted_upto
from crawler.store.summary import site_decisions, site_documents, site_pages
from crawler.store.tallies import count_all, count_new, keep_more_folders
from crawler.store.withdrawal import withdraw
from reservations.model import Effect, Reason, Stage
from tests.record_tools import HTML, at, decided, kept_page, place, record_all, robots

ORIGINS = (
    "https://example.org",
    "http://www.example.org",
    "https://news.example.org:8443",
    "https://other.example",
)
FOLDERS = ("https://example.org/page/", "http://www.example.org/page/", "https://other.example/page/")
SUBJECTS = (
    *("example.org", "www.example.org", "https://example.org/", "other.example", "nothing.example"),
    *(*FOLDERS, "https://example.org/page/deep/", "https://example.org/pa", "https://nothing.example/page/"),
)
OUT = Reason(code="error.out_of_scope", effect=Effect.EXCLUDE, protocol="error", why="elsewhere")


class FromRows(LookupFilter):
    """The same question, answered without sums."""

    @property
    def sites(self) -> Sites | None:
        return None

    @property
    def folder(self) -> Sites | None:
        return None


@pytest.fixture(params=["hosts", "folders"])
def large(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Sums of hosts alone, or of every folder that has four decisions."""
    are_large = bool(request.param == "folders")
    if are_large:
        monkeypatch.setattr("crawler.store.queries.folders.LARGE", 4)
        monkeypatch.setattr("crawler.store.tallies.EACH", 2)
    return are_large


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = open_database(database_url)
    yield engine
    engine.dispose()


def some_decision(chance: random.Random, number: int) -> Decision | tuple[Decision, dict[str, object]]:
    """Kept, closed by robots.txt, or out of scope: a page of a few, at about its time."""
    origin, minutes = chance.choice(ORIGINS), number + chance.random() * 90
    which = chance.choice(("0", "1", "2", "deep/3"))
    if chance.random() < 0.5:
        answer = replace(HTML, bytes=chance.randrange(10_000))
        return kept_page(which, origin, minutes), {"answer": answer, "document": place(number)}
    if chance.random() < 0.7:
        body = robots(b"User-agent: *\nDisallow: /", origin, minutes)
        return decided(f"{origin}/page/{which}", body, stage=Stage.BEFORE_FETCH, minutes=minutes)
    return decided(f"{origin}/page/{which}", stage=Stage.FRONTIER, minutes=minutes, found=(OUT,))


def folder(url: str) -> str:
    sites = LookupFilter(subject=url).folder
    assert sites is not None
    return sites.start


def agree(connection: Connection) -> None:
    assert not list(wrong_sums(connection, erased=False))
    for subject in SUBJECTS:
        kept, read = LookupFilter(subject=subject), FromRows(subject=subject)
        assert lookup(connection, kept) == lookup(connection, read)
        assert taking(connection, kept) == taking(connection, read)
        assert hosts(connection, kept) == hosts(connection, read)
        assert sorted(map(repr, visitors(connection, kept))) == sorted(map(repr, visitors(connection, read)))
        counts, exact = page_counts(connection, kept), page_counts(connection, read)
        assert [(c.verdict, c.reason, c.pages) for c in counts] == [
            (c.verdict, c.reason, c.pages) for c in exact
        ]
        for one, other in zip(counts, exact, strict=True):
            assert (one.first <= other.first, one.last >= other.last) == (True, True)
            newest = example(connection, kept, one.verdict, one.reason)
            assert newest == example(connection, read, one.verdict, one.reason) is not None


@pytest.mark.parametrize("seed", range(2))
def test_sums_say_what_the_rows_say(engine: Engine, seed: int, large: bool) -> None:
    chance, number = random.Random(seed), 0
    for _ in range(4 + large):
        batch = [some_decision(chance, number + n) for n in range(25)]
        number += len(batch)
        record_all(engine, *batch)
        with engine.begin() as connection:
            agree(connection)
            count_new(connection, chance.choice((1, 7, 1000)))
            agree(connection)
            keep_more_folders(connection, chance.choice((1, 3, 1000)))
            agree(connection)
        with engine.begin() as connection:
            kept = connection.scalars(select(schema.document.c.decision_id)).all()
            withdraw(connection, chance.sample(kept, min(4, len(kept))), at(number), "asked for")
            agree(connection)
    count_all(engine)
    with engine.begin() as connection:
        assert counted_upto(connection) == number
        agree(connection)
        assert [has_sums(connection, name) for name in map(folder, FOLDERS)] == [large] * len(FOLDERS)


def test_sums_follow_an_erasure(engine: Engine, large: bool) -> None:
    chance = random.Random(4)
    record_all(engine, *(some_decision(chance, n) for n in range(40)))
    with engine.begin() as connection:
        count_new(connection, 30)
        while keep_more_folders(connection):
            assert large or not has_sums(connection, folder(FOLDERS[0]))
        assert has_sums(connection, folder(FOLDERS[0])) == large
    for number in (40, 31, 30, 29, 12, 3, 1):
        with engine.begin() as connection:
            take_away(connection, number)
            assert not list(wrong_sums(connection, erased=True))
            for subject in SUBJECTS:
                kept, read = LookupFilter(subject=subject), FromRows(subject=subject)
                told, exact = lookup(connection, kept), lookup(connection, read)
                assert (told.documents, told.bytes) == (exact.documents, exact.bytes)
                assert {(s.stage, s.verdict, s.reason): s.decisions for s in told.settled} == {
                    (s.stage, s.verdict, s.reason): s.decisions for s in exact.settled
                }
                for count in page_counts(connection, read):
                    newest = example(connection, kept, count.verdict, count.reason)
                    assert newest == example(connection, read, count.verdict, count.reason)


def test_nothing_names_a_host_of_which_all_was_erased(engine: Engine, large: bool) -> None:
    record_all(engine, *(some_decision(random.Random(6), n) for n in range(12)))
    count_all(engine)
    with engine.begin() as connection:
        for number in connection.scalars(select(schema.decision.c.id)).all():
            take_away(connection, number)
        for table in (site_decisions, site_pages, site_documents):
            assert not connection.execute(select(table)).all()


def test_counting_again_adds_nothing(engine: Engine) -> None:
    record_all(engine, *(some_decision(random.Random(5), n) for n in range(10)))
    assert count_all(engine) == 10
    assert count_all(engine) == 0

"""Stored cases, page by page, on both databases: which decisions are meant, and memory that does not grow."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text

from crawler.gate import judge
from crawler.scope import left_out
from crawler.store.database import open_database
from crawler.store.queries import cases as reading
from crawler.store.queries.cases import CaseFilter, StoredCase, UnreadableCase, case_of, cases
from crawler.store.rebuild import is_alike
from reservations.model import Stage
from tests.record_tools import at, closed_page, decided, kept_page, record_all, robots


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = open_database(database_url)
    yield engine
    engine.dispose()


def numbers(engine: Engine, wanted: CaseFilter) -> list[int]:
    with engine.connect() as connection:
        return [case.number for case in cases(connection, wanted)]


def test_the_last_decision_of_each_url_and_nothing_of_the_frontier_over_a_settled_one(engine: Engine) -> None:
    page, deep = "https://example.org/page/0", left_out("depth", "too deep")
    record_all(
        engine,
        decided(page, robots(b"User-agent: *\nDisallow: /\n"), stage=Stage.BEFORE_FETCH),
        kept_page(0),  # settles the page
        decided(page, stage=Stage.FRONTIER, found=(deep,)),
        decided("https://example.org/far", stage=Stage.FRONTIER, found=(deep,)),
        decided("https://example.org/far", stage=Stage.FRONTIER, found=(deep,)),
        closed_page("/private/a"),
    )
    assert numbers(engine, CaseFilter(latest=True)) == [2, 5, 6]
    assert numbers(engine, CaseFilter()) == [1, 2, 3, 4, 5, 6]
    assert numbers(engine, CaseFilter(after=4)) == [5, 6]


def test_by_time_and_domain(engine: Engine) -> None:
    record_all(
        engine, kept_page(0), kept_page(1, "https://other.example", minutes=5), kept_page(2, minutes=9)
    )
    assert numbers(engine, CaseFilter(since=at(4))) == [2, 3]
    assert numbers(engine, CaseFilter(domains=("other.example",))) == [2]
    assert numbers(engine, CaseFilter(since=at(4), domains=("example.org",))) == [3]


def test_every_case_is_judged_alike_whatever_fits_into_memory(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Batches of one case, nothing remembered, pages of three: the same cases."""
    monkeypatch.setattr(reading, "MAX_BYTES", 1)
    monkeypatch.setattr(reading, "REMEMBERED", 1)
    monkeypatch.setattr(reading, "CHUNK", 3)
    record_all(engine, *(kept_page(n) for n in range(7)), *(closed_page(f"/private/{n}") for n in range(4)))
    with engine.connect() as connection:
        found = list(cases(connection))
        assert [case.number for case in found] == list(range(1, 12))
        for case in found:
            assert isinstance(case, StoredCase)
            assert is_alike(case.stored, judge(case.case, case.terms))
            assert case_of(connection, case.number) == case
        assert case_of(connection, 12) is None


def test_a_row_that_cannot_be_read_costs_nobody_else(engine: Engine) -> None:
    record_all(engine, *(kept_page(n) for n in range(4)))
    with engine.begin() as connection:
        connection.execute(text("UPDATE decision SET reasons = '[{}]' WHERE id = 2"))
        connection.execute(text("UPDATE decision SET observations = 'x' WHERE id = 3"))
        found = list(cases(connection))
    assert [type(case) for case in found] == [StoredCase, UnreadableCase, UnreadableCase, StoredCase]
    assert isinstance(found[2], UnreadableCase)
    assert found[2].why.startswith("JSONDecodeError: ")
    assert found[2].url == "https://example.org/page/2"

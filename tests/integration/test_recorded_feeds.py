"""Feeds with licences as the record gives them back, alike on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from crawler.store.database import open_database
from crawler.store.queries.licence_feeds import MAX_READINGS, feeds_of
from crawler.store.record import Record
from crawler.store.writer import Writer
from reservations.model import Evidence, Outcome
from reservations.readers.rsl_embedded import KIND
from tests.record_tools import at, recorded

ORIGIN = "https://example.org"


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = open_database(database_url)
    yield engine
    engine.dispose()


def feed(path: str, minutes: float, body: bytes = b"[\n\n]\n", origin: str = ORIGIN) -> Evidence:
    return Evidence(
        kind=KIND, url=origin + path, outcome=Outcome.FOUND, fetched_at=at(minutes), status=200, body=body
    )


def test_the_newest_reading_of_each_feed_of_the_origin(engine: Engine) -> None:
    async def body(record: Record, _: Writer) -> None:
        record.observe(feed("/a", 1))
        record.observe(feed("/b", 2))
        record.observe(feed("/a", 3, b"[\n1\n]\n"))
        record.observe(feed("/a", 4, origin="https://other.example"))

    recorded(engine, body)
    with engine.connect() as connection:
        found = feeds_of(connection, ORIGIN)
    assert [(each.url, each.fetched_at) for _, each in found] == [
        (f"{ORIGIN}/b", at(2)),
        (f"{ORIGIN}/a", at(3)),
    ]
    assert found[1][1].body == b"[\n1\n]\n"
    assert found[0][0] < found[1][0]


def test_no_more_than_a_few_are_looked_at(engine: Engine) -> None:
    async def body(record: Record, _: Writer) -> None:
        for number in range(MAX_READINGS + 20):
            record.observe(feed(f"/{number}", number / 60))

    recorded(engine, body)
    with engine.connect() as connection:
        found = feeds_of(connection, ORIGIN)
    assert len(found) == MAX_READINGS
    assert found[-1][1].url == f"{ORIGIN}/{MAX_READINGS + 19}"

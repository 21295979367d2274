"""Second looks in the record, alike on both databases: what is due, known and ended; and sudden deaths."""

from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Connection, Engine, select, text

from crawler.store import schema
from crawler.store.database import open_database
from crawler.store.ending import Gone, end_reservations
from crawler.store.queries.documents import DocumentFilter
from crawler.store.queries.last_decisions import last_decisions
from crawler.store.queries.left_out import LeftOut, left_out
from crawler.store.queries.recheck import NOTHING, Due, DueFilter, count_due, due, known
from crawler.store.record import Record
from crawler.store.withdrawal import withdraw
from crawler.store.writer import Writer
from reservations.model import Stage, Verdict
from tests.integration.rawserver import answer
from tests.integration.recheck_tools import CONFIG, Kept, not_modified, page, site
from tests.record_tools import (
    HTML,
    at,
    crawl_start,
    decided,
    kept_page,
    location_files,
    place,
    record_all,
    recorded,
    robots,
)
from tests.record_tools import page as page_at

ROOT = Path(__file__).resolve().parents[2]
URL = "https://example.org/page/{}"


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    made = open_database(database_url)
    yield made
    made.dispose()


def kept(number: int, minutes: float = 0, origin: str = "https://example.org") -> tuple[Any, dict[str, Any]]:
    return kept_page(number, origin, minutes), {"answer": HTML, "document": place(number)}


def ask(engine: Engine, question: Any) -> Any:
    with engine.connect() as connection:
        return question(connection)


def look(engine: Engine, number: int, minutes: float, *, files_only: bool = False, **fields: str) -> None:
    """A second look at a page, which answers with these fields."""

    async def body(record: Record, _: Writer) -> None:
        url = URL.format(number)
        files = (robots(None, minutes=minutes), *location_files(minutes=minutes))
        evidence = (*files, page_at(url, minutes=minutes, **fields))
        decision = decided(url, *evidence, stage=Stage.RECHECK, minutes=minutes)
        record.looked_at(decision, files_only=files_only)
        await record.decide(decision, HTML)

    recorded(engine, body, crawl_start(at(minutes)))


def numbers(rows: tuple[Due, ...]) -> list[int]:
    return [int(row.url.rpartition("/")[2]) for row in rows]


def wanted(minutes: float, retry: float = 0, **more: Any) -> DueFilter:
    return DueFilter(before=at(minutes), retry_before=at(retry), **more)


def test_what_was_looked_at_longest_ago_is_due_first(engine: Engine) -> None:
    record_all(engine, *(kept(n, minutes=n) for n in range(6)))
    assert ask(engine, lambda c: numbers(due(c, wanted(100), 10))) == [0, 1, 2, 3, 4, 5]
    look(engine, 0, 20)
    look(engine, 2, 10)
    assert ask(engine, lambda c: numbers(due(c, wanted(100), 10))) == [1, 3, 4, 5, 2, 0]
    assert ask(engine, lambda c: numbers(due(c, wanted(10), 10))) == [1, 3, 4, 5]
    assert ask(engine, lambda c: (count_due(c, wanted(10)), count_due(c, wanted(100)))) == (4, 6)
    first = ask(engine, lambda c: due(c, wanted(100), 4))
    assert ask(engine, lambda c: numbers(due(c, wanted(100), 4, first[-1]))) == [2, 0]


def test_a_look_at_files_does_not_put_off_the_look_at_the_page(engine: Engine) -> None:
    record_all(engine, *(kept(n, minutes=n) for n in range(3)))
    look(engine, 0, 20, files_only=True)
    look(engine, 1, 20, TDM_Reservation="1")
    assert ask(engine, lambda c: numbers(due(c, wanted(15), 10))) == [0, 2]
    assert ask(engine, lambda c: numbers(due(c, wanted(15, files_only=True), 10))) == [2]
    # of pages that are not kept now the files alone can open nothing
    assert ask(engine, lambda c: numbers(due(c, wanted(30, files_only=True), 10))) == [2, 0]


def test_what_nobody_could_tell_is_due_sooner(engine: Engine) -> None:
    record_all(engine, *(kept(n, minutes=n) for n in range(3)))
    look(engine, 0, 20)
    failing = decided(URL.format(1), robots(None, minutes=21), stage=Stage.RECHECK, minutes=21)
    assert failing.verdict is Verdict.DEFER  # files that the plan wants were not asked for

    async def body(record: Record, _: Writer) -> None:
        record.looked_at(failing)
        await record.decide(failing)

    recorded(engine, body, crawl_start(at(21)))
    assert ask(engine, lambda c: numbers(due(c, wanted(10), 10))) == [2]
    assert ask(engine, lambda c: numbers(due(c, wanted(10, retry=30), 10))) == [2, 1]
    assert ask(engine, lambda c: known(c, URL.format(1))).verdict is Verdict.DEFER
    assert ask(engine, lambda c: left_out(c, DocumentFilter())) == (
        LeftOut(verdict="defer", reason="error.evidence_missing", documents=1),
    )


def test_hosts_withdrawn_and_replaced_documents(engine: Engine) -> None:
    other = "https://sub.example.net"
    record_all(engine, kept(0), kept(1, minutes=1), kept(2, minutes=2, origin=other))
    record_all(engine, kept(0, minutes=5))  # a later crawl took it again
    assert ask(engine, lambda c: numbers(due(c, wanted(9), 10))) == [1, 2, 0]
    assert ask(engine, lambda c: numbers(due(c, wanted(9, hosts=("example.net",)), 10))) == [2]
    assert ask(engine, lambda c: numbers(due(c, wanted(9, hosts=("net", "example.org")), 10))) == [1, 2, 0]
    with engine.begin() as connection:
        assert withdraw(connection, [2], at(6), "asked for") == 1
    assert ask(engine, lambda c: numbers(due(c, wanted(9), 10))) == [2, 0]
    assert ask(engine, lambda c: left_out(c, DocumentFilter())) == (
        LeftOut(verdict="withdrawn", reason="", documents=1),
    )
    assert ask(engine, lambda c: left_out(c, DocumentFilter(domain="example.net"))) == ()


def test_the_last_page_read_whole_is_what_a_condition_is_made_from(engine: Engine) -> None:
    assert ask(engine, lambda c: known(c, URL.format(0))) == NOTHING
    record_all(engine, kept(0))
    first = ask(engine, lambda c: known(c, URL.format(0)))
    assert (first.verdict, first.page.body_sha256) == (Verdict.KEEP, HTML.body_sha256)
    look(engine, 0, 20, TDM_Reservation="1")
    second = ask(engine, lambda c: known(c, URL.format(0)))
    assert (second.verdict, second.reasons[0].code) == (Verdict.EXCLUDE, "tdmrep.header")
    assert second.kinds[second.reasons[0].evidence] == "response"
    assert second.page == first.page
    found = ask(engine, lambda c: last_decisions(c, [1]))
    assert (found[1].stage, found[1].verdict, found[1].reason) == ("recheck", "exclude", "tdmrep.header")
    assert found[1].decided_at == at(20)


def test_a_reservation_in_pages_ends_with_the_last_page_that_says_it(engine: Engine) -> None:
    record_all(engine, kept(0), kept(1), kept(2, origin="https://www.example.org"))
    look(engine, 0, 20, TDM_Reservation="1")
    look(engine, 1, 20, TDM_Reservation="1")
    (row,) = ask(engine, lambda c: c.execute(select(schema.reservation).distinct()).all()[:1])
    gone = Gone(kind=row.kind, protocol=row.protocol, code=row.code, use=row.use, quote=row.quote)
    other = replace(gone, quote="TDM-Reservation: 2")

    def end(number: int, what: Gone) -> int:
        with engine.begin() as connection:
            return end_reservations(connection, URL.format(number), (what,), at(30))

    assert end(0, gone) == 0  # the other page says it
    assert end(0, other) == 0
    look(engine, 1, 40)
    assert end(0, gone) == 1
    assert end(0, gone) == 0
    (again,) = ask(
        engine,
        lambda c: c.execute(select(schema.reservation).where(schema.reservation.c.id == row.id)).all(),
    )
    assert again.ended_at == at(30)


def test_an_instance_of_an_earlier_schema_learns_when_it_looked(database_url: str) -> None:
    made = open_database(database_url)
    record_all(made, kept(0, minutes=3))
    with made.begin() as connection:
        for name in ("looked_at", "files_at"):
            connection.execute(text(f"DROP INDEX ix_document_{name}_decision_id"))
            connection.execute(text(f"ALTER TABLE document DROP COLUMN {name}"))
        connection.execute(text("DROP INDEX ix_decision_deferred"))
        _take_the_step(connection)
        rows = connection.execute(select(schema.document.c.looked_at, schema.document.c.files_at)).all()
    made.dispose()
    assert [tuple(row) for row in rows] == [(at(3), at(3))]


def _take_the_step(connection: Connection) -> None:
    """The step of the migration, alone."""
    step = importlib.import_module("crawler.store.migrations.versions.0002_looking_again")
    with Operations.context(MigrationContext.configure(connection)):
        step.upgrade()


@pytest.mark.slow
@pytest.mark.parametrize("wait", [0.0, 0.7])
def test_killed_at_any_moment_it_goes_on_and_looks_at_each_page_once(tmp_path: Path, wait: float) -> None:
    names = [f"p{n}" for n in range(12)]
    with site(**{name: page(ETag='"1"') for name in names}) as web:
        held = Kept(tmp_path, *(web.url(f"/{name}") for name in names))
        for name in names:
            web[f"/{name}"] = not_modified(ETag='"1"')
        web["/robots.txt"] = answer(b"User-agent: *\nCrawl-delay: 0.2\n", Content_Type="text/plain")
        (tmp_path / "forbear.toml").write_text(CONFIG, "utf-8")
        words = ("--config", tmp_path / "forbear.toml", "--data", held.config.storage.data)
        command = [sys.executable, "-m", "crawler", "recheck", "--older-than", "0.00001", *words]
        crawled = time.time() + 0.5
        time.sleep(1)
        first = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, start_new_session=True)
        asked = _wait_for(lambda: sum(len(web.asked(f"/{name}")) for name in names) > len(names) + 2)
        assert asked
        time.sleep(wait)
        os.killpg(first.pid, signal.SIGKILL)
        first.wait()
        before = sum(len(held.decisions(web.url(f"/{name}"))) - 1 for name in names)
        assert before < len(names)
        web.forget()
        # what was looked at before the death is younger than the crawl
        done = held.look(days=0.0, older_than=time.time() - crawled)
        assert done.outcomes.looked_at <= len(names) - before
        assert [len(held.decisions(web.url(f"/{name}"))) for name in names] == [2] * len(names)
        assert held.command("log", "verify", "--replay")[0] == 0


@pytest.mark.slow
def test_ctrl_c_finishes_the_looks_in_flight_and_says_that_more_is_due(tmp_path: Path) -> None:
    names = [f"p{n}" for n in range(12)]
    with site(**{name: page(ETag='"1"') for name in names}) as web:
        held = Kept(tmp_path, *(web.url(f"/{name}") for name in names))
        web["/robots.txt"] = answer(b"User-agent: *\nCrawl-delay: 0.3\n", Content_Type="text/plain")
        (tmp_path / "forbear.toml").write_text(CONFIG, "utf-8")
        words = ("--config", tmp_path / "forbear.toml", "--data", held.config.storage.data)
        command = [sys.executable, "-m", "crawler", "recheck", "--older-than", "0", *words]
        web.forget()
        running = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert _wait_for(lambda: sum(len(web.asked(f"/{name}")) for name in names) > 1)
        running.send_signal(signal.SIGINT)
        shown, _ = running.communicate(timeout=30)
        assert running.returncode == 3
        assert "Stopped (interrupted): " in shown
        assert "more are due; run it again to go on with them." in shown


def _wait_for(holds: Any, seconds: float = 30.0) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if holds():
            return True
        time.sleep(0.02)
    return False

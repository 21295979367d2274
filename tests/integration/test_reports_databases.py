"""What reports and exports ask of the record, alike on SQLite and PostgreSQL."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, insert, select, update

from crawler.config import Config
from crawler.reports import reports
from crawler.reports.model import Ask
from crawler.store import schema, snapshot
from crawler.store.codec import to_json
from crawler.store.database import Connection, open_database
from crawler.store.exported import record_export
from crawler.store.queries.causes import CauseFilter, causes
from crawler.store.queries.domains import KeptFilter, kept_domains, most_left_out, never_asked
from crawler.store.queries.exports import ExportedFile, ExportRow, export_number, exports, last_decision
from crawler.store.queries.holdings import files_in_force, holdings
from crawler.store.queries.identities import identities
from crawler.store.queries.measures import runs, totals
from crawler.store.queries.reservations import ReservationFilter, reservations
from crawler.store.queries.timeline import Unit, span, timeline
from crawler.store.queries.withdrawals import WithdrawalFilter, to_withdraw, withdrawals
from crawler.store.snapshot import write_snapshot
from crawler.store.withdrawal import withdraw, withdraw_from
from reservations.model import Stage
from tests.record_tools import HTML, START, at, closed_page, decided, kept_page, place, record_all, robots

ORIGIN = "https://example.net"
CLOSED = b"User-agent: *\nDisallow: /\n"


def other(number: int) -> dict[str, str]:
    return {"body_sha256": f"{number:02x}" * 32}


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """Two kept pages with one body, a third, a closed one, and a site that is closed altogether."""
    engine = open_database(database_url)
    record_all(
        engine,
        (kept_page(1), {"answer": HTML, "document": place(1)}),
        (kept_page(2, minutes=1), {"answer": HTML, "document": place(2)}),
        (kept_page(3, minutes=61), {"answer": replace(HTML, **other(3)), "document": place(3)}),
        closed_page("/private/a", minutes=2),
        decided(ORIGIN + "/", robots(CLOSED, ORIGIN, 3), stage=Stage.BEFORE_FETCH, minutes=3),
    )
    yield engine
    engine.dispose()


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    with engine.connect() as connection:
        yield connection


def kept(connection: Connection, upto: int = 99, minutes: float = 999) -> list[tuple[str, int, int, int]]:
    rows = kept_domains(connection, KeptFilter(upto=upto, at=at(minutes)))
    return [(row.domain, row.documents, row.copies, row.bytes) for row in rows]


def test_a_body_that_is_kept_twice_counts_once(connection: Connection) -> None:
    assert kept(connection) == [("example.org", 2, 1, 2468)]
    (row,) = kept_domains(connection, KeptFilter(upto=99, at=at(999)))
    assert (row.first, row.last) == (START, at(61))
    late = KeptFilter(upto=99, at=at(999), since=at(30))
    assert [row.documents for row in kept_domains(connection, late)] == [1]


def test_what_was_kept_at_an_earlier_decision(engine: Engine) -> None:
    again = decided("https://example.org/page/1", robots(CLOSED, minutes=70), minutes=70)
    record_all(engine, again)
    with engine.begin() as connection:
        withdraw(connection, [2], at(80), "asked to")
        assert kept(connection) == [("example.org", 1, 0, 1234)]
        assert kept(connection, minutes=75) == [("example.org", 2, 0, 2468)]
        assert kept(connection, upto=1) == [("example.org", 1, 0, 1234)]
        assert kept(connection, upto=5, minutes=75) == [("example.org", 2, 1, 2468)]
        assert kept(connection, upto=0) == []


def test_domains_that_were_never_asked(connection: Connection) -> None:
    (row,) = never_asked(connection)
    assert (row.domain, row.reason, row.decisions) == ("example.net", "robots.disallow", 1)
    assert not list(never_asked(connection, 7))
    assert [(r.domain, r.decisions) for r in most_left_out(connection, 1)] == [
        ("example.net", 1),
        ("example.org", 1),
    ]


@pytest.mark.parametrize("unit", list(Unit))
def test_decisions_over_time(connection: Connection, unit: Unit) -> None:
    found = list(timeline(connection, 1, unit))
    assert sum(row.decisions for row in found) == 5
    assert (
        found[0].at
        == {
            Unit.DAY: START.replace(hour=0, minute=0),
            Unit.HOUR: START.replace(minute=0),
            Unit.MINUTE: START,
            Unit.SECOND: START,
        }[unit]
    )
    whole = span(connection, 1)
    assert whole is not None
    assert (whole.first, whole.last, whole.decisions, whole.domains) == (START, at(61), 5, 2)
    assert span(connection, 9) is None


def test_the_record_in_numbers(connection: Connection) -> None:
    found = totals(connection)
    assert (found.decisions, found.hosts, found.hosts_with_reservations, found.kept) == (5, 2, 2, 3)
    assert found.verdicts == {"keep": 3, "exclude": 2}
    assert found.stages == {"before_fetch": 2, "body": 3}
    assert (found.without_evidence, found.complaints.received) == (0, 0)
    (run,) = runs(connection)
    assert (run.terms["token"], run.config) == ("ExampleBot", {"crawl": {"depth": 3}})
    assert [row.crawls for row in identities(connection)] == [1]


def test_reasons_by_source(connection: Connection) -> None:
    found = list(causes(connection, CauseFilter(source="robots", since=START, until=at(3))))
    assert [cause.decision.url for cause in found] == ["https://example.org/private/a"]
    assert len(list(causes(connection, CauseFilter(domain="example.net", crawl_id=1)))) == 1
    assert len(list(reservations(connection, ReservationFilter(host="example.net")))) == 1


def test_withdrawing_is_durable_and_said_once(engine: Engine, database_url: str) -> None:
    with engine.connect() as connection:
        rows = list(to_withdraw(connection, WithdrawalFilter(url_prefix="https://example.org/page/1")))
    assert [row.decision_id for row in rows] == [1]
    assert withdraw_from(database_url, [1], at(90), "why\0not") == 1
    assert withdraw_from(database_url, [1], at(91), "again") == 0
    with engine.connect() as connection:
        (row,) = withdrawals(connection, WithdrawalFilter(domain="example.org"))
        assert (row.withdrawn_at, row.withdrawn_reason) == (at(90), "why\0not")
        assert not list(withdrawals(connection, WithdrawalFilter(since=at(91))))
        both = WithdrawalFilter(body_sha256=HTML.body_sha256)
        assert [row.decision_id for row in to_withdraw(connection, both)] == [2]


def test_pages_reserved_since_can_be_withdrawn(engine: Engine) -> None:
    record_all(engine, decided("https://example.org/page/3", robots(CLOSED, minutes=70), minutes=70))
    with engine.connect() as connection:
        rows = to_withdraw(connection, WithdrawalFilter(reserved_since=True))
        assert [row.url for row in rows] == ["https://example.org/page/3"]


def test_everything_about_a_domain(connection: Connection) -> None:
    found = list(holdings(connection, "example.net"))
    assert [(one.kind, one.content) for one in found] == [("robots.txt", CLOSED)]
    assert len({one.id for one in holdings(connection, "example.org")}) == len(
        list(holdings(connection, "example.org"))
    )
    assert [one.content for one in files_in_force(connection, "example.net", at(10))] == [CLOSED]
    assert not list(files_in_force(connection, "example.net", at(1)))


def test_the_audit_trail(engine: Engine, database_url: str) -> None:
    made = ExportRow(
        made_at=START,
        actor="ada",
        name="dataset",
        format="warc",
        filter={"domain": "example.org"},
        target="/tmp/x",
        rows=2,
        as_of=5,
        files=(ExportedFile(name="a", bytes=1, sha256="ab" * 32, rows=2),),
        software="Forbear/0",
    )
    number = record_export(database_url, made)
    with engine.connect() as connection:
        assert list(exports(connection)) == [replace(made, id=number)]
        assert export_number(connection, number + 1) is None
        assert last_decision(connection) == 5


def test_a_snapshot_is_the_same_from_either_database(engine: Engine, tmp_path: Path) -> None:
    secret = {"storage": {"database": "postgresql://a:secret@b/c"}, "publish": {"staff_tokens": ["x:y"]}}
    with engine.begin() as connection:
        connection.execute(update(schema.crawl).values(config=to_json(secret)))
    with engine.connect() as connection:
        counts = write_snapshot(connection, tmp_path / "a.db", {"software": "x"})
        evidence = connection.execute(select(schema.evidence).order_by(schema.evidence.c.sha256)).all()
    copied = sqlite3.connect(tmp_path / "a.db")
    assert counts["decision"] == 5
    assert [row[2] for row in copied.execute("SELECT * FROM evidence ORDER BY sha256")] == [
        row.content for row in evidence
    ]
    assert copied.execute("SELECT decided_at FROM decision WHERE id = 1").fetchone() == (
        "2026-11-24T05:35:00.000000Z",
    )
    assert b"secret" not in (tmp_path / "a.db").read_bytes()
    assert b"x:y" not in (tmp_path / "a.db").read_bytes()
    copied.close()


class DeathError(BaseException):
    """The process is gone."""


def test_a_snapshot_goes_on_after_a_death(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Origins that a language's order of letters sorts otherwise than their bytes are gone on with, too."""
    origins = ("https://a-b.example", "https://a.example", "https://ab.example", "https://A.example", "é")
    beside = {"crawl_id": 1, "stage": "frontier", "verdict": "exclude", "domain": "", "count": 1}
    with engine.begin() as connection:
        rows = [{"origin": origin, "reason": f"error.{n}", **beside} for origin in origins for n in range(2)]
        connection.execute(insert(schema.omitted), rows)
    monkeypatch.setattr(snapshot, "PIECE", 3)
    with engine.connect() as connection:
        counts = write_snapshot(connection, tmp_path / "whole.db", {"software": "x"})
    copy, left = snapshot._copy_more, 0

    def dies(*told: Any) -> int:
        nonlocal left
        left -= 1
        if not left:
            raise DeathError
        return copy(*told)

    monkeypatch.setattr(snapshot, "_copy_more", dies)
    for left in (4, 9, 12):  # noqa: B007 - counted down above
        with engine.connect() as connection, pytest.raises(DeathError):
            write_snapshot(connection, tmp_path / "broken.db", {"software": "x"})
    left = 1000
    with engine.connect() as connection:
        assert write_snapshot(connection, tmp_path / "broken.db", {"software": "x"}) == counts
    assert counts["omitted"] >= len(rows)
    assert (tmp_path / "broken.db").read_bytes() == (tmp_path / "whole.db").read_bytes()


@pytest.mark.parametrize("name", sorted(set(reports()) - {"croissant"}))
def test_every_report_is_made(connection: Connection, tmp_path: Path, name: str) -> None:
    for form in reports()[name].formats:
        ask = Ask(
            config=Config.model_validate({"storage": {"data": tmp_path}}),
            now=START + timedelta(days=1),
            form=form,
            software="Forbear/0",
            as_of=5,
        )
        assert reports()[name].write(connection, ask)

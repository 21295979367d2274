"""Exports of the record's tables: one schema for every format, whole files, a manifest that is true."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pyarrow import parquet as pq
from sqlalchemy import Engine

from crawler.exports import Export, discover
from crawler.exports.parquet import arrow_schema
from crawler.exports.tables import Selection, Table, tables
from crawler.exports.tables.json_schema import schema_of, schema_text
from crawler.exports.tables.writing import Order, export_file, export_stream, manifest_of
from crawler.present import DECISION_KEYS, REASON_KEYS
from crawler.store.database import Connection, open_database
from crawler.store.exported import record_export
from crawler.store.queries.exports import ExportedFile, ExportRow, exports
from crawler.store.withdrawal import withdraw
from reservations.model import Effect, Reason, Stage
from tests.record_tools import HTML, START, at, closed_page, decided, kept_page, place, record_all

SCHEMAS = Path(__file__).resolve().parents[2] / "docs" / "schemas"
HOSTILE = "=cmd|' /C calc'!A0, \"x\" \r\n nul \0 half \udc80 turn \u202e ünï"
LISTED = Reason(
    code="blocklist.courts",
    effect=Effect.EXCLUDE,
    protocol="blocklist",
    evidence="ef" * 32,
    quote="example.org",
    why="named in 1 O 1/26, LG Example, 2026-01-02; recorded status active",
)


def exported(form: str, table: Table[Any], rows: list[Any]) -> bytes:
    stream = io.BytesIO()
    discover()[form].write(rows, stream, table)
    return stream.getvalue()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """A record with something in every table."""
    url = f"sqlite:///{tmp_path / 'data' / 'forbear.db'}"
    engine = open_database(url)
    listed = decided("https://example.org/b?" + HOSTILE, stage=Stage.BEFORE_FETCH, found=(LISTED,))
    record_all(
        engine,
        (kept_page(1), {"answer": HTML, "document": place(1)}),
        (kept_page(2), {"answer": HTML, "document": place(2)}),
        closed_page("/private/a"),
        closed_page("/private/" + HOSTILE, minutes=1),
        listed,
    )
    with engine.begin() as connection:
        withdraw(connection, [1], at(60), HOSTILE)
    file = ExportedFile(name="a.csv", bytes=3, sha256="ab" * 32, rows=1)
    record_export(
        url,
        ExportRow(
            made_at=START,
            actor=HOSTILE,
            name="decisions",
            format="csv",
            filter={"domain": HOSTILE},
            target="/tmp/a.csv",
            rows=1,
            as_of=5,
            files=(file,),
            software="Forbear/0",
        ),
    )
    yield engine
    engine.dispose()


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    with engine.connect() as connection:
        yield connection


def order(table: str = "decisions", form: str = "jsonl", **wanted: Any) -> Order:
    return Order(
        table=tables()[table], form=discover()[form], selection=Selection(**wanted), software="Forbear/0"
    )


def test_the_tables_are_these() -> None:
    assert list(tables()) == [
        "decisions", "exclusions", "exports", "identities", "reservations", "verdicts",
        "withdrawals",
    ]  # fmt: skip


def test_decisions_have_the_columns_they_always_had() -> None:
    table = tables()["decisions"]
    assert table.columns == DECISION_KEYS
    assert tuple(table.properties["reasons"]["items"]["properties"]) == REASON_KEYS


@pytest.mark.parametrize("name", list(tables()))
def test_the_published_schema_is_current(name: str) -> None:
    text = (SCHEMAS / f"{name}.json").read_text("utf-8")
    assert text == schema_text(tables()[name]), "python -m crawler.exports.tables.json_schema docs/schemas"
    Draft202012Validator.check_schema(json.loads(text))


def test_no_schema_is_published_of_a_table_that_is_gone() -> None:
    assert {path.stem for path in SCHEMAS.glob("*.json")} == set(tables())


@pytest.mark.parametrize("name", list(tables()))
def test_rows_are_what_the_schema_says_in_every_format(name: str, connection: Connection) -> None:
    table = tables()[name]
    rows = list(table.rows(connection, Selection()))
    assert rows
    validator = Draft202012Validator(schema_of(table))
    lines = exported("jsonl", table, rows).decode().splitlines()
    for row, line in zip(rows, lines, strict=True):
        told = json.loads(line)
        assert tuple(told) == table.columns
        assert not list(validator.iter_errors(told)), table.present(row)
    header, *cells = csv.reader(io.StringIO(exported("csv", table, rows).decode()))
    assert tuple(header) == table.columns
    assert {len(row) for row in cells} == {len(table.columns)}
    found = pq.read_table(io.BytesIO(exported("parquet", table, rows)))
    assert found.schema.equals(arrow_schema(table))
    assert found.num_rows == len(rows)


@pytest.mark.parametrize("name", list(tables()))
def test_no_cell_of_csv_starts_a_formula(name: str, connection: Connection) -> None:
    table = tables()[name]
    rows = list(table.rows(connection, Selection()))
    for row in csv.reader(io.StringIO(exported("csv", table, rows).decode())):
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) for cell in row)
        assert not any("\0" in cell or "\u202e" in cell for cell in row)


def test_an_exclusion_names_who_gave_the_reason(connection: Connection) -> None:
    table = tables()["exclusions"]
    told = [table.present(row) for row in table.rows(connection, Selection(source="blocklist.courts"))]
    assert [row["source"] for row in told] == ["blocklist.courts"]
    assert told[0]["why"] == LISTED.why
    assert {row.source for row in table.rows(connection, Selection(source="robots"))} == {"robots"}
    assert not list(table.rows(connection, Selection(source="rob")))
    assert len(list(table.rows(connection, Selection()))) == 3


def test_reservations_can_be_narrowed(connection: Connection) -> None:
    table = tables()["reservations"]
    assert len(list(table.rows(connection, Selection(domain="example.org", protocol="robots")))) == 1
    assert not list(table.rows(connection, Selection(domain="example.net")))
    assert not list(table.rows(connection, Selection(until=START - timedelta(days=1))))
    assert not list(table.rows(connection, Selection(since=START + timedelta(days=1))))


def test_identities_say_when_they_were_used(connection: Connection) -> None:
    (row,) = (tables()["identities"].present(r) for r in tables()["identities"].rows(connection, Selection()))
    assert (row["product_token"], row["crawls"]) == ("ExampleBot", 1)
    assert row["first_used"] == row["last_used"] == "2026-11-24T05:35:00.000000Z"


def test_a_file_has_a_manifest_that_is_true(connection: Connection, tmp_path: Path) -> None:
    target = tmp_path / "out" / "decisions.jsonl"
    made = export_file(connection, order(domain="example.org"), target)
    told = json.loads(manifest_of(target).read_text())
    data = target.read_bytes()
    assert told["files"] == [
        {"name": target.name, "bytes": len(data), "sha256": sha256(data).hexdigest(), "rows": 5}
    ]
    assert (told["name"], told["rows"], told["as_of"], told["schema"]) == (
        "decisions", 5, 5, "urn:forbear:export:decisions:1",
    )  # fmt: skip
    assert told["filter"] == {"domain": "example.org"}
    assert made.rows == 5


def test_the_same_record_gives_the_same_bytes(connection: Connection, tmp_path: Path) -> None:
    for form in discover().values():
        files = [
            export_file(connection, order(form=form.name), tmp_path / f"{i}{form.suffix}").files[0]
            for i in range(2)
        ]
        assert files[0].sha256 == files[1].sha256


def bounded(form: str, most: int) -> Export:
    return replace(discover()[form], max_rows=most)


@pytest.mark.parametrize(("most", "parts"), [(1, 5), (2, 3), (5, 1), (6, 1)])
def test_a_file_is_split_at_its_bound(connection: Connection, tmp_path: Path, most: int, parts: int) -> None:
    target = tmp_path / "decisions.csv"
    made = export_file(connection, replace(order(), form=bounded("csv", most)), target)
    names = [target.name, *(f"decisions.part{n}.csv" for n in range(2, parts + 1))]
    assert [file.name for file in made.files] == names
    urls = [row[0] for name in names for row in list(csv.reader((tmp_path / name).open(newline="")))[1:]]
    assert len(urls) == sum(file.rows for file in made.files) == 5
    assert sorted(p.name for p in tmp_path.glob("decisions*")) == sorted(
        [*names, "decisions.csv.manifest.json"]
    )


def test_files_are_split_at_a_million_rows_where_one_cannot_be_added_to() -> None:
    assert {name: form.max_rows for name, form in discover().items()} == {
        "csv": 1_000_000,
        "jsonl": None,
        "jsonl.gz": None,
        "jsonl.zst": None,
        "parquet": 1_000_000,
    }


def test_parts_of_an_earlier_export_do_not_stay(connection: Connection, tmp_path: Path) -> None:
    target, foreign = tmp_path / "d.csv", tmp_path / "d.part9.csv"
    foreign.write_text("somebody's")
    export_file(connection, replace(order(), form=bounded("csv", 1)), target)
    export_file(connection, order(form="csv"), target)
    assert sorted(p.name for p in tmp_path.iterdir() if p.is_file()) == [
        "d.csv", "d.csv.manifest.json", "d.part9.csv",
    ]  # fmt: skip


def test_an_export_that_breaks_off_leaves_the_old_one(connection: Connection, tmp_path: Path) -> None:
    target = tmp_path / "d.jsonl"
    export_file(connection, order(), target)
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir() if p.is_file()}

    def breaks(connection: Connection, wanted: Selection) -> Iterator[Any]:
        yield next(tables()["decisions"].rows(connection, wanted))
        raise OSError("disk full")

    broken = replace(order(), table=replace(tables()["decisions"], rows=breaks))
    with pytest.raises(OSError, match="disk full"):
        export_file(connection, broken, target)
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir() if p.is_file()} == before


def test_decisions_made_meanwhile_are_not_in_it(
    connection: Connection, engine: Engine, tmp_path: Path
) -> None:
    table = tables()["decisions"]
    late = replace(table, rows=lambda c, w: (replace(r, id=r.id + 2) for r in table.rows(c, w)))
    made = export_file(connection, replace(order(), table=late), tmp_path / "d.jsonl")
    assert (made.as_of, made.rows) == (5, 3)


def test_what_goes_to_a_stream_is_counted_and_hashed(connection: Connection) -> None:
    for form in ("jsonl", "csv"):
        stream = io.BytesIO()
        made = export_stream(connection, order(form=form), stream)
        data = stream.getvalue()
        assert made.target == "stdout"
        assert (made.files[0].bytes, made.files[0].sha256) == (len(data), sha256(data).hexdigest())


def test_the_audit_trail_keeps_what_it_was_told(connection: Connection) -> None:
    (row,) = exports(connection)
    assert (row.id, row.actor, row.filter) == (1, HOSTILE, {"domain": HOSTILE})
    assert not list(exports(connection, name="dataset"))

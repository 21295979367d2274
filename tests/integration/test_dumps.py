"""Daily dumps, made by the command and read by other people's tools."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from sqlalchemy import Engine
from typer.testing import CliRunner, Result

from crawler.cli import build_app
from crawler.cli.shared import FailedError
from crawler.exports.dumps import is_over, write_dump
from crawler.exports.tables import tables
from crawler.exports.tables.json_schema import schema_of
from crawler.log.checkpoint import parse_checkpoint
from crawler.log.folder import LogFolder
from crawler.log.sequencer import publish
from crawler.store.database import open_database
from crawler.store.log import take_away
from crawler.store.queries.exports import exports
from crawler.store.tallies import count_all
from tests.record_tools import HTML, START, at, closed_page, kept_page, place, record_all

DAY = START.date()
DAYS = [(DAY + timedelta(days=n)).isoformat() for n in range(2)]
MINUTES = 24 * 60
FILES = {"SHA256SUMS", "checkpoint", "full.jsonl.zst", "light.jsonl.zst"}


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A record of two days that are over, and one that is not; its log is up to date."""
    folder = tmp_path / "data"
    engine = open_database(f"sqlite:///{folder / 'forbear.db'}")
    fill(engine)
    publish(engine, LogFolder(folder / "log"), "operator.example/log", at(2 * MINUTES))
    engine.dispose()
    monkeypatch.setattr("crawler.cli.export.dumps.datetime", stopped(at(2 * MINUTES + 60)))
    return folder


def stopped(moment: Any) -> Any:
    class Stopped:
        @staticmethod
        def now(zone: Any) -> Any:
            return moment.astimezone(zone)

    return Stopped


def fill(engine: Engine) -> None:
    rows: list[Any] = []
    for day in range(3):
        numbers = [10 * day + n for n in range(3)]
        rows += [(kept_page(n, minutes=day * MINUTES + n), keeping(n)) for n in numbers]
        rows.append(closed_page("/private/a", minutes=day * MINUTES + 9))
    record_all(engine, *rows)


def keeping(number: int) -> dict[str, Any]:
    return {"answer": HTML, "document": place(number)}


def forbear(data: Path, *words: str | Path) -> Result:
    return CliRunner().invoke(build_app(), [*map(str, words), "--data", str(data)])


def unpacked(file: Path) -> list[dict[str, Any]]:
    done = subprocess.run(["zstd", "-dc", str(file)], capture_output=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def content(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.mark.skipif(shutil.which("zstd") is None, reason="needs zstd")
def test_every_day_that_is_over_is_dumped_and_foreign_tools_take_it(data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "dumps"
    assert forbear(data, "export", "dumps", "-o", folder).exit_code == 0
    assert sorted(p.name for p in folder.iterdir()) == DAYS
    for day in DAYS:
        assert {p.name for p in (folder / day).iterdir()} == FILES
        subprocess.run(["sha256sum", "--strict", "-c", "SHA256SUMS"], cwd=folder / day, check=True)
        full, light = (unpacked(folder / day / f"{name}.jsonl.zst") for name in ("full", "light"))
        assert [row["url"] for row in full] == [row["url"] for row in light]
        assert {row["decided_at"][:10] for row in full} == {day}
        assert (len(full), full[-1]["reasons"][0]["quote"]) == (4, "Disallow: /private/")
        assert light[-1]["codes"] == ["robots.disallow"]
        assert b"Disallow" not in json.dumps(light).encode()
        for name, rows in (("decisions", full), ("verdicts", light)):
            validator = Draft202012Validator(schema_of(tables()[name]))
            assert not [error for row in rows for error in validator.iter_errors(row)]
        note = (folder / day / "checkpoint").read_text()
        assert note == (data / "log" / "checkpoint").read_text()
        assert parse_checkpoint(note.partition("\n\n")[0] + "\n").size >= 12


def test_a_second_run_leaves_what_is_there(data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "dumps"
    forbear(data, "export", "dumps", "-o", folder)
    before = content(folder)
    assert forbear(data, "export", "dumps", "-o", folder).stdout == ""
    again = forbear(data, "export", "dumps", "-o", folder, "--since", DAYS[0])
    assert again.stdout.count("the same as it was") == 2
    assert content(folder) == before
    with open_engine(data).connect() as connection:
        assert [row.name for row in exports(connection)] == ["dumps"]


def test_the_same_decisions_give_the_same_bytes(data: Path, tmp_path: Path) -> None:
    forbear(data, "export", "dumps", "-o", tmp_path / "one")
    count_all(open_engine(data))  # found by another way now
    forbear(data, "export", "dumps", "-o", tmp_path / "two")
    assert content(tmp_path / "one") == content(tmp_path / "two")


def test_a_day_from_which_rows_were_taken_is_replaced(data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "dumps"
    forbear(data, "export", "dumps", "-o", folder)
    before = content(folder)
    with open_engine(data).begin() as connection:
        take_away(connection, 2)
    done = forbear(data, "export", "dumps", "-o", folder, "--since", DAYS[0])
    assert "3 decisions" in done.stdout
    changed = {name for name, data in content(folder).items() if before[name] != data}
    assert changed == {f"{DAYS[0]}/{name}" for name in FILES - {"checkpoint"}}


def test_a_damaged_dump_is_made_again(data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "dumps"
    forbear(data, "export", "dumps", "-o", folder)
    before = content(folder)
    (folder / DAYS[1] / "light.jsonl.zst").write_bytes(b"")
    forbear(data, "export", "dumps", "-o", folder, "--day", DAYS[1])
    assert content(folder) == before


def test_a_dump_that_broke_off_is_none(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "dumps"

    def breaks(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("crawler.exports.dumps._finish", breaks)
        assert forbear(data, "export", "dumps", "-o", folder).exit_code == 130
    assert not [p for p in folder.iterdir() if not p.name.startswith(".")]
    forbear(data, "export", "dumps", "-o", folder)
    assert sorted(p.name for p in folder.iterdir()) == DAYS


@pytest.mark.parametrize("words", [("--day", "2026-11-26"), ("--day", "soon"), ("--since", "x")])
def test_only_a_day_that_is_over_is_dumped(data: Path, tmp_path: Path, words: tuple[str, ...]) -> None:
    done = forbear(data, "export", "dumps", "-o", tmp_path / "dumps", *words)
    assert isinstance(done.exception, FailedError)


def test_a_day_is_over_a_little_after_midnight() -> None:
    midnight = START.replace(hour=0, minute=0) + timedelta(days=1)
    assert not is_over(DAY, midnight + timedelta(minutes=9))
    assert is_over(DAY, midnight + timedelta(minutes=10))


def test_a_day_without_decisions_has_empty_files(data: Path, tmp_path: Path) -> None:
    with open_engine(data).connect() as connection:
        dump = write_dump(connection, tmp_path, DAY - timedelta(days=1))
    assert dump is not None
    assert [file.rows for file in dump.files] == [0, 0]


@pytest.fixture(autouse=True)
def engines() -> Iterator[None]:
    yield
    while _OPEN:
        _OPEN.pop().dispose()


_OPEN: list[Engine] = []


def open_engine(data: Path) -> Engine:
    _OPEN.append(open_database(f"sqlite:///{data / 'forbear.db'}"))
    return _OPEN[-1]

"""Exports that were killed go on where they were, and end with the bytes they would have had."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, delete, insert

from crawler.exports import Export, discover
from crawler.exports.bundle import growing, write_bundle
from crawler.exports.bundle.growing import Bundle
from crawler.exports.snapshot import export_snapshot
from crawler.exports.tables import Selection, tables
from crawler.exports.tables import writing as writing_module
from crawler.exports.tables.writing import Order, export_file, manifest_of
from crawler.exports.working import ExportRefusedError, Working
from crawler.store import schema
from crawler.store.database import open_database
from crawler.store.exported import record_export
from crawler.store.queries.exports import exports
from crawler.store.retention.tables import redaction
from crawler.store.warc import About
from crawler.store.withdrawal import withdraw
from reservations.model import Stage
from tests.record_tools import HTML, at, decided, kept_page, place, record_all, robots

DRIVER = """
import os, signal, sys
from dataclasses import replace
from crawler.exports import csv_file, parquet, working
from crawler.exports.tables import writing
from crawler.store import snapshot

die_at, how = int(sys.argv.pop(1)), sys.argv.pop(1)
writing.PIECE = 7
csv_file.EXPORT = replace(csv_file.EXPORT, max_rows=20)
parquet.EXPORT = replace(parquet.EXPORT, max_rows=20)
snapshot.PIECE, snapshot.CHUNK = 7, 3
save, saved = working.Working.save, 0
insert, inserted = snapshot.insert, 0


def inserting(table):
    global inserted
    inserted += 1
    if inserted == die_at and how == "copying":
        os.kill(os.getpid(), signal.SIGKILL)
    return insert(table)


snapshot.insert = inserting

def dying(self, *told):
    global saved
    saved += 1
    if saved == die_at and how == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    save(self, *told)
    if saved == die_at and how in ("after", "stop"):
        os.kill(os.getpid(), signal.SIGINT if how == "stop" else signal.SIGKILL)


working.Working.save = dying
from crawler.cli import main

main()
"""


class DeathError(BaseException):
    """The process is gone."""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A record with 64 decisions."""
    folder = tmp_path / "data"
    engine = open_database(f"sqlite:///{folder / 'forbear.db'}")
    fill(engine)
    engine.dispose()
    return folder


@pytest.fixture
def engine(data: Path) -> Iterator[Engine]:
    engine = open_database(f"sqlite:///{data / 'forbear.db'}")
    yield engine
    engine.dispose()


def fill(engine: Engine, numbers: range = range(32)) -> None:
    for_each: list[Any] = []
    for n in numbers:
        for_each.append((kept_page(n, minutes=n), {"answer": HTML, "document": place(n)}))
        origin = f"https://h{n}.example.org"
        closed = robots(b"User-agent: *\nDisallow: /", origin, n)
        for_each.append(decided(f"{origin}/a", closed, stage=Stage.BEFORE_FETCH, minutes=n))
    record_all(engine, *for_each)
    with engine.begin() as connection:
        withdraw(connection, [2 * n + 1 for n in numbers if n % 2], at(100), "asked for")


def forbear(data: Path, *words: str, die_at: int = 0, how: str = "after") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", DRIVER, str(die_at), how, *words, "--data", str(data)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def files(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in folder.iterdir() if not p.name.endswith("manifest.json")}


@pytest.mark.slow
@pytest.mark.parametrize("form", ["csv", "parquet", "jsonl.zst"])
def test_a_killed_export_ends_with_the_same_bytes(data: Path, tmp_path: Path, form: str) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    words = ("decisions", "export", "--format", form, "-o")
    name = f"d.{form}"
    assert forbear(data, *words, str(whole / name)).returncode == 0
    for die_at, how in ((1, "before"), (2, "after"), (2, "before")):
        done = forbear(data, *words, str(broken / name), die_at=die_at, how=how)
        assert done.returncode == -signal.SIGKILL, done.stderr
        assert [p.name for p in broken.iterdir()] == [f".{name}.partial"]
    assert forbear(data, *words, str(broken / name)).returncode == 0
    assert files(whole) == files(broken)
    told = [json.loads((f / f"{name}.manifest.json").read_text()) for f in (whole, broken)]
    assert [t["files"] for t in told] == [told[0]["files"]] * 2
    assert (told[0]["rows"], len(told[0]["time_range"]), len(told[0]["policies"])) == (64, 2, 1)
    engine = open_database(f"sqlite:///{data / 'forbear.db'}")
    with engine.connect() as connection:
        assert [row.target for row in exports(connection)] == [str(whole / name), str(broken / name)]
    engine.dispose()


@pytest.mark.slow
def test_a_killed_snapshot_ends_with_the_same_bytes(data: Path, tmp_path: Path) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    words = ("export", "sqlite", "-o")
    assert forbear(data, *words, str(whole / "r.db")).returncode == 0
    # 4 is in the middle of a transaction, 30 far behind; a rerun goes on, so that it is there soon again.
    for die_at, how in ((1, "before"), (4, "copying"), (30, "copying"), (9, "copying"), (1, "after")):
        done = forbear(data, *words, str(broken / "r.db"), die_at=die_at, how=how)
        assert done.returncode == -signal.SIGKILL, done.stderr
        assert [p.name for p in broken.iterdir()] == [".r.db.partial"]
    assert forbear(data, *words, str(broken / "r.db")).returncode == 0
    assert files(whole) == files(broken)
    engine = open_database(f"sqlite:///{data / 'forbear.db'}")
    with engine.connect() as connection:
        assert [row.target for row in exports(connection)] == [str(f / "r.db") for f in (whole, broken)]
    engine.dispose()


def test_ctrl_c_says_how_to_go_on(data: Path, tmp_path: Path) -> None:
    target = tmp_path / "out" / "d.jsonl"
    words = ("decisions", "export", "-o", str(target))
    stopped = forbear(data, *words, die_at=3, how="stop")
    assert (stopped.returncode, "the same command goes on" in stopped.stderr) == (130, True)
    state = json.loads((target.parent / ".d.jsonl.partial" / "state.json").read_text())
    assert state["rows_of_part"] == 21
    assert forbear(data, *words).returncode == 0
    assert target.read_bytes().count(b"\n") == 64
    assert sorted(os.listdir(target.parent)) == ["d.jsonl", "d.jsonl.manifest.json"]


@pytest.fixture
def dying(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Let the process die after so many commits, as far as one process can."""
    save = Working.save

    def at_commit(number: int) -> None:
        def dies(self: Working, *told: Any) -> None:
            nonlocal number
            save(self, *told)
            number -= 1
            if not number:
                raise DeathError

        monkeypatch.setattr(Working, "save", dies)

    monkeypatch.setattr(writing_module, "PIECE", 3)
    return at_commit


def order(table: str, form: Export, **wanted: Any) -> Order:
    return Order(table=tables()[table], form=form, selection=Selection(**wanted), software="Forbear/0")


@pytest.mark.parametrize("table", [name for name, t in tables().items() if t.number is not None])
@pytest.mark.parametrize("bound", [None, 4])
def test_every_table_goes_on_at_every_commit(
    engine: Engine, tmp_path: Path, dying: Callable[[int], None], table: str, bound: int | None
) -> None:
    form = replace(discover()["csv"], max_rows=bound)
    wanted = order(table, form)
    if table == "exports":
        for _ in range(16):
            with engine.connect() as connection:
                made = export_file(connection, order("identities", form), tmp_path / "i.csv")
            record_export(str(engine.url), made)
    for commits in (1, 2, 5):
        whole, broken = tmp_path / f"whole-{commits}" / "t.csv", tmp_path / f"broken-{commits}" / "t.csv"
        with engine.connect() as connection:
            rows = export_file(connection, wanted, whole).rows
        dying(commits)
        with engine.connect() as connection, pytest.raises(DeathError):
            export_file(connection, wanted, broken)
        fill(engine, range(100 * commits, 100 * commits + 2))  # the crawl goes on meanwhile
        dying(0)
        with engine.connect() as connection:
            assert export_file(connection, wanted, broken).rows == rows > 7
        assert files(broken.parent) == files(whole.parent)


def test_what_was_begun_is_not_mixed_with_something_else(
    engine: Engine, tmp_path: Path, dying: Callable[[int], None]
) -> None:
    target, form = tmp_path / "d.jsonl", discover()["jsonl"]
    dying(2)
    with engine.connect() as connection, pytest.raises(DeathError):
        export_file(connection, order("decisions", form, verdict="keep"), target)
    dying(0)
    with engine.connect() as connection:
        other = order("decisions", form, verdict="exclude")
        with pytest.raises(
            ExportRefusedError, match=r'filter \{"verdict":"keep"\} was interrupted.*--restart'
        ):
            export_file(connection, other, target)
        made = export_file(connection, other, target, restart=True)
    assert made.rows == 32


def test_another_record_is_refused(engine: Engine, tmp_path: Path, dying: Callable[[int], None]) -> None:
    target, wanted = tmp_path / "d.jsonl", order("decisions", discover()["jsonl"])
    dying(2)
    with engine.connect() as connection, pytest.raises(DeathError):
        export_file(connection, wanted, target)
    dying(0)
    with engine.begin() as connection:
        connection.execute(delete(schema.decision).where(schema.decision.c.id == 64))
    with engine.connect() as connection, pytest.raises(ExportRefusedError, match="began at decision 64"):
        export_file(connection, wanted, target)


def bundle(data: Path) -> Bundle:
    about = About(software="test", user_agent="ExampleBot", operator="", contact="")
    return Bundle(domain="example.org", data=data, about=about, documents=False)


@pytest.mark.parametrize("commits", [1, 3, 6, 8, 9, 10])
def test_a_bundle_goes_on_at_every_commit(
    engine: Engine,
    data: Path,
    tmp_path: Path,
    dying: Callable[[int], None],
    monkeypatch: pytest.MonkeyPatch,
    commits: int,
) -> None:
    monkeypatch.setattr(growing, "PIECE", 40)
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    with engine.connect() as connection:
        made = write_bundle(connection, bundle(data), whole)
    dying(commits)
    with engine.connect() as connection, pytest.raises(DeathError):
        write_bundle(connection, bundle(data), broken)
    assert not broken.exists()
    part = tmp_path / ".broken.partial"
    if (warc := part / "new" / "evidence.warc.gz").exists() and commits < 6:
        warc.write_bytes(warc.read_bytes() + b"half a record")  # of a process that died while writing
    fill(engine, range(100, 103))  # the crawl goes on meanwhile
    dying(0)
    with engine.connect() as connection:
        again = write_bundle(connection, bundle(data), broken)
    assert files(broken) == files(whole)
    assert (again.files, again.as_of, made.rows > 100) == (made.files, made.as_of, True)
    assert not part.exists()


def test_a_bundle_that_took_its_place_is_entered_after_a_death(
    engine: Engine, data: Path, tmp_path: Path
) -> None:
    def dies(made: Any) -> None:
        raise DeathError

    entered: list[Any] = []
    with engine.connect() as connection:
        with pytest.raises(DeathError):
            write_bundle(connection, bundle(data), tmp_path / "b", enter=dies)
        write_bundle(connection, bundle(data), tmp_path / "b", enter=entered.append)
    assert [made.target for made in entered] == [str(tmp_path / "b")]
    assert not (tmp_path / ".b.partial").exists()


def remove_something(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(
            insert(redaction).values(
                cause="request", kind="url", actor="a", reason="asked for", removed_at=at(200), rows=1,
                bytes=9, digest="0" * 64,
            )
        )  # fmt: skip


@pytest.mark.parametrize("name", ["decisions", "sqlite", "evidence"])
def test_what_was_written_before_a_removal_is_not_handed_over(
    engine: Engine, data: Path, tmp_path: Path, dying: Callable[[int], None], name: str
) -> None:
    target = tmp_path / "out"
    export: Callable[..., Any] = {
        "decisions": lambda c, **how: export_file(c, order("decisions", discover()["jsonl"]), target, **how),
        "sqlite": lambda c, **how: export_snapshot(c, target, "test", **how),
        "evidence": lambda c, **how: write_bundle(c, bundle(data), target, **how),
    }[name]
    dying(2 if name != "sqlite" else 1)
    with engine.connect() as connection, pytest.raises(DeathError):
        export(connection)
    dying(0)
    remove_something(engine)
    with engine.connect() as connection:
        with pytest.raises(ExportRefusedError, match=r"removed from the record since.*--restart"):
            export(connection)
        export(connection, restart=True)


def test_two_processes_do_not_write_one_file(engine: Engine, tmp_path: Path) -> None:
    target = tmp_path / "d.jsonl"
    wanted, refused = order("decisions", discover()["jsonl"]), "another process"
    with Working(target), engine.connect() as connection, pytest.raises(ExportRefusedError, match=refused):
        export_file(connection, wanted, target)
    assert not list(tmp_path.glob(".d*"))


def test_a_death_between_the_places_loses_no_file(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "t.csv"
    with engine.connect() as connection:
        export_file(connection, order("decisions", replace(discover()["csv"], max_rows=10)), target)
    wanted = order("decisions", replace(discover()["csv"], max_rows=20))
    replacing, left = Path.replace, 6

    def dies(self: Path, other: Path) -> Path:
        nonlocal left
        left -= not self.name.startswith("state")
        if not left:
            raise DeathError
        return replacing(self, other)

    monkeypatch.setattr(Path, "replace", dies)
    with engine.connect() as connection:
        for left in (3, 1, 2):  # noqa: B007 - counted down above
            with pytest.raises(DeathError):
                export_file(connection, wanted, target)
        left = 100
        export_file(connection, wanted, target)
        monkeypatch.undo()
        export_file(connection, wanted, tmp_path / "whole" / "t.csv")
    left_there = {p.name: p.read_bytes() for p in tmp_path.glob("t*.csv")}
    assert left_there == files(tmp_path / "whole")
    assert json.loads(manifest_of(target).read_text())["rows"] == 64

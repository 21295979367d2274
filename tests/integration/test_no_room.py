"""A full disk, a folder that cannot be written to, a locale of old: one message, an exit code, whole data."""

from __future__ import annotations

import errno
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from crawler.cli import main
from crawler.exports.working import Working
from tests.log_tools import Instance
from tests.retention_tools import made


def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: object
) -> tuple[int, str]:
    monkeypatch.setattr("sys.argv", ["forbear", *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0), capsys.readouterr().err


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return made(Instance(tmp_path / "data")).data


@pytest.mark.parametrize(
    ("number", "code"), [(errno.ENOSPC, 3), (errno.EROFS, 2), (errno.EACCES, 2), (errno.EIO, 3)]
)
def test_what_the_system_refuses_is_one_message(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], number: int, code: int
) -> None:
    def refuses(*told: object, **more: object) -> int:
        raise OSError(number, os.strerror(number), "forbear.lock")

    monkeypatch.setattr("crawler.frontier.lock.os.open", refuses)
    ended, said = run(monkeypatch, capsys, "store", "prune", "--data", data)
    assert (ended, said) == (code, f"forbear: forbear.lock: {os.strerror(number)}\n")


def test_a_defect_is_none_of_it(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def breaks(*told: object, **more: object) -> int:
        raise OSError(errno.EBADF, "Bad file descriptor")

    monkeypatch.setattr("crawler.frontier.lock.os.open", breaks)
    monkeypatch.setattr("sys.argv", ["forbear", "store", "prune", "--data", str(data)])
    with pytest.raises(OSError, match="Bad file descriptor"):
        main()


def test_a_snapshot_without_room_goes_on_once_there_is_some(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    target, command = tmp_path / "out" / "r.db", ("export", "sqlite", "--data", data, "-o")
    with Working(target) as working:  # SQLite refuses to make a file where a folder is
        working.save({"x": "y"}, {})
        working.path(target.name).mkdir()
    ended, said = run(monkeypatch, capsys, *command, target, "--restart")
    assert ended == 0, said
    with Working(tmp_path / "other.db") as working:
        pass
    from sqlalchemy import exc

    def full(*told: object) -> int:
        raise exc.OperationalError("INSERT", {}, Exception("database or disk is full"))

    with monkeypatch.context() as patch:
        patch.setattr("crawler.store.snapshot._copy_more", full)
        ended, said = run(patch, capsys, *command, tmp_path / "other.db")
    assert (ended, "disk is full; the same command goes on" in said) == (2, True)
    assert not (tmp_path / "other.db").exists()
    assert run(monkeypatch, capsys, *command, tmp_path / "other.db")[0] == 0


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-16"])
def test_data_is_the_same_in_every_locale(data: Path, encoding: str) -> None:
    record = sqlite3.connect(data / "forbear.db")
    (url,) = record.execute("SELECT url FROM decision WHERE verdict = 'exclude'").fetchone()
    record.close()
    command = [sys.executable, "-m", "crawler", "why", url, "--data", str(data)]
    told = [
        subprocess.run(
            command, env={**os.environ, "PYTHONIOENCODING": name}, capture_output=True, check=False
        )
        for name in ("utf-8", encoding)
    ]
    assert told[0].stdout == told[1].stdout
    assert told[0].returncode == told[1].returncode == 0, told[1].stderr
    assert "…" in told[0].stdout.decode()

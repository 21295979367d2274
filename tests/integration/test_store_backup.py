"""A backup made while somebody writes is whole, is checked before it is put back, and goes over nothing."""

from __future__ import annotations

import json
import stat
import tarfile
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread

import pytest

from crawler.backup.archive import ArchiveError, DamagedError
from crawler.backup.making import make_backup
from crawler.backup.manifest import ManifestError, from_json, to_json
from crawler.backup.restoring import RefusedError, restore, verify_backup
from crawler.frontier.lock import InstanceBusyError
from crawler.retention.upkeep import alone
from crawler.store.database import DatabaseError, open_database
from crawler.store.migrations import head
from tests.log_tools import Instance
from tests.retention_tools import NOW, made, rows, run_cli

Cli = Callable[..., tuple[int, str, str]]
Make = Callable[[], Instance]


@pytest.fixture
def instance(database_url: str, tmp_path: Path) -> Instance:
    return made(Instance(tmp_path / "data", database_url))


@pytest.fixture
def other(request: pytest.FixtureRequest, instance: Instance, tmp_path: Path) -> Instance:
    """Where a backup of the instance can be put back: a new folder, and a database of the same kind."""
    if instance.database.startswith("sqlite"):
        return Instance(tmp_path / "restored")
    base = request.getfixturevalue("postgresql")
    from sqlalchemy import create_engine, text

    admin = create_engine(base.format("postgres").replace("postgresql:", "postgresql+psycopg:"))
    name = f"restored_{abs(hash(str(tmp_path)))}"
    with admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    admin.dispose()
    return Instance(tmp_path / "restored", base.format(name))


@pytest.fixture
def cli(instance: Instance, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    return lambda *words: run_cli(instance, capsys, monkeypatch, *words)


@pytest.mark.parametrize("name", ["backup.tar", "backup"])
def test_back_from_a_backup_made_beside_a_writer(
    instance: Instance, other: Instance, tmp_path: Path, name: str
) -> None:
    """Crawls come and go meanwhile; the copy is the record of one moment, to the last commitment."""
    stop, crawls = Event(), [0]

    def write() -> None:
        while not stop.is_set() or not crawls[0]:
            instance.crawl(20, 5, minutes=24 * 60 + 10 + crawls[0])
            instance.checkpoint(24 * 60 + 11 + crawls[0])
            crawls[0] += 1

    writer = Thread(target=write)
    writer.start()
    try:
        manifest = make_backup(instance.config, tmp_path / name, NOW)
    finally:
        stop.set()
        writer.join()
    database = "" if other.database == "" else other.database
    assert restore(tmp_path / name, other.data, database) == manifest == verify_backup(tmp_path / name)
    answer = other.verified(replay=True)
    assert answer.findings == ()
    assert answer.replayed == manifest.rows["decision"] >= 8
    assert (answer.entries, manifest.schema) == (manifest.log_entries, head())
    assert not (other.data / "log" / "key").exists()
    if manifest.checkpoint is not None:
        assert manifest.checkpoint == (other.data / "log" / "checkpoint").read_text()


def test_the_same_rows_come_back(instance: Instance, other: Instance, tmp_path: Path) -> None:
    make_backup(instance.config, tmp_path / "b.tar", NOW, with_keys=True)
    restore(tmp_path / "b.tar", other.data, other.database)
    for table in ("decision", "observation", "document", "complaint", "log_entry", "audit"):
        query = f"SELECT * FROM {table} ORDER BY 1"
        assert rows(instance, query) == rows(other, query)
    key = other.data / "log" / "key"
    assert key.read_bytes() == (instance.data / "log" / "key").read_bytes()
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    other.crawl(1, 1, minutes=24 * 60 + 20)
    other.checkpoint(24 * 60 + 21)
    assert other.verified(replay=True).findings == ()


def test_what_was_restored_is_written_to_beside_a_reader(tmp_path: Path) -> None:
    """Exports read the record while they are entered in it."""
    instance, other = made(Instance(tmp_path / "data")), Instance(tmp_path / "restored")
    make_backup(instance.config, tmp_path / "b.tar", NOW)
    restore(tmp_path / "b.tar", other.data)
    with other.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM decision").scalar()
        other.run("UPDATE crawl SET command = 'x'")
        open_database(other.config.database_url).dispose()


def test_what_was_changed_is_not_put_back(tmp_path: Path) -> None:
    instance = made(Instance(tmp_path / "data"))
    make_backup(instance.config, tmp_path / "b.tar", NOW)
    good = (tmp_path / "b.tar").read_bytes()
    target = tmp_path / "restored"
    for name, content in {
        "flipped": good[:30_000] + bytes([good[30_000] ^ 1]) + good[30_001:],
        "cut": good[: len(good) // 2],
        "headless": good[: len(good) - 20 * 512],
        "empty": b"",
        "text": b"no backup" * 1000,
    }.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DamagedError):
            restore(tmp_path / name, target)
        assert not target.exists()
    with pytest.raises(ArchiveError, match="cannot be read"):
        restore(tmp_path / "none", target)
    make_backup(instance.config, tmp_path / "folder", NOW)
    (tmp_path / "folder" / "stranger").write_text("x")
    (tmp_path / "folder" / "log" / "vkey").unlink()
    with pytest.raises(DamagedError, match=r"log/vkey is missing, stranger is not in the manifest"):
        verify_backup(tmp_path / "folder")


def test_where_and_by_which_release(tmp_path: Path) -> None:
    instance = made(Instance(tmp_path / "data"))
    manifest = make_backup(instance.config, tmp_path / "b", NOW)
    full = tmp_path / "full"
    full.mkdir()
    (full / "file").write_text("x")
    with pytest.raises(RefusedError, match="not empty"):
        restore(tmp_path / "b", full)
    newer = json.loads(to_json(manifest)) | {"schema": "9999"}
    (tmp_path / "b" / "manifest.json").write_text(json.dumps(newer))
    with pytest.raises(RefusedError, match="newer release"):
        restore(tmp_path / "b", tmp_path / "restored")
    with pytest.raises(ArchiveError, match="exists already"):
        make_backup(instance.config, tmp_path / "b", NOW)
    with pytest.raises(ArchiveError, match="data folder itself"):
        make_backup(instance.config, tmp_path / "data" / "b.tar", NOW)
    (tmp_path / "nothing").mkdir()
    with pytest.raises(DatabaseError, match="no record"):
        make_backup(Instance(tmp_path / "nothing").config, tmp_path / "c.tar", NOW)
    assert not list(tmp_path.glob("*.part"))
    with alone(instance.data), pytest.raises(InstanceBusyError, match="forbear store"):
        make_backup(instance.config, tmp_path / "d.tar", NOW)


@pytest.mark.parametrize(
    "name", ["../outside", "/etc/passwd", "a/../../b", "", ".", "a\\b", "a//b", 7, "nul\0l"]
)
def test_a_manifest_cannot_lead_outside(tmp_path: Path, name: object) -> None:
    instance = Instance(tmp_path / "data")
    instance.crawl(1)
    manifest = json.loads(to_json(make_backup(instance.config, tmp_path / "b.tar", NOW)))
    manifest["files"][0]["name"] = name
    with pytest.raises(ManifestError, match="no backup has"):
        from_json(json.dumps(manifest).encode())


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"\xff", b'{"format":"forbear-backup/2"}', b"7"])
def test_what_is_no_manifest(content: bytes) -> None:
    with pytest.raises(ManifestError):
        from_json(content)


def test_the_commands(instance: Instance, cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "b.tar"
    code, out, err = cli("store", "backup", "-o", str(file))
    assert (code, "without private keys" in out, "--with-keys" in err) == (0, True, True)
    with tarfile.open(file) as tar:
        names = tar.getnames()
    assert "log/key" not in names
    assert names[-1] == "manifest.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    code, out, _ = cli("store", "verify-backup", str(file), "--json")
    assert (code, json.loads(out)["rows"]["decision"]) == (0, 8)
    data = bytearray(file.read_bytes())
    data[40_000] ^= 1
    file.write_bytes(data)
    assert cli("store", "verify-backup", str(file))[0] == 4
    assert cli("store", "backup", "-o", str(file))[0] == 2
    assert cli("store", "restore", str(file))[0] == 2

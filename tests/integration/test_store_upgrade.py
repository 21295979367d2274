"""A record of an older schema is brought up to date with its rows; one of a newer release is refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import Engine, MetaData, create_engine, insert, inspect, select, text
from sqlalchemy.engine import Connection

from crawler.backup.upgrading import planned
from crawler.store import migrations
from crawler.store.copying import copied
from crawler.store.database import address_of, open_database, open_for_reading
from crawler.store.migrations import head
from tests.log_tools import Instance
from tests.retention_tools import made, run_cli

Cli = Callable[..., tuple[int, str, str]]


@pytest.fixture
def old(database_url: str, tmp_path: Path) -> Iterator[Instance]:
    """A record at the first schema, holding what a record of today has in the tables that were there then."""
    source = made(Instance(tmp_path / "source"))
    instance = Instance(tmp_path / "data", database_url)
    instance.data.mkdir(exist_ok=True)
    engine = create_engine(address_of(database_url))
    with engine.begin() as connection:
        command.upgrade(migrations.config(connection), "0001")
    with source.reading() as reading, engine.begin() as connection:
        _fill(reading, connection)
    engine.dispose()
    for folder in ("warc", "evidence", "log"):
        (source.data / folder).rename(instance.data / folder)
    return instance


def _fill(source: Connection, target: Connection) -> None:
    tables = MetaData()
    tables.reflect(target)
    there = set(inspect(source).get_table_names())
    today = MetaData()
    today.reflect(source)
    for table in tables.sorted_tables:
        if table.name == "alembic_version" or table.name not in there:
            continue
        names = [c.name for c in table.columns if c.name in today.tables[table.name].c]
        found = source.execute(select(*(today.tables[table.name].c[name] for name in names))).mappings().all()
        if found:
            target.execute(insert(table), [dict(row) for row in found])


@pytest.fixture
def cli(old: Instance, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    return lambda *words: run_cli(old, capsys, monkeypatch, *words)


def snapshot(engine: Engine) -> dict[str, list[tuple[object, ...]]]:
    """The rows of the tables of the first schema."""
    tables = MetaData()
    tables.reflect(engine)
    with engine.connect() as connection:
        return {
            name: sorted(map(repr, connection.execute(select(table))))  # type: ignore[misc]
            for name, table in tables.tables.items()
            if name != "alembic_version"
        }


def test_from_the_first_schema_to_this_one_with_every_row(old: Instance, cli: Cli) -> None:
    before = _contents(old)
    assert before["decision"]
    assert before["log_entry"]
    code, out, err = cli("lookup", "example.org")
    assert (code, "`forbear store upgrade`" in err) == (2, True)
    code, out, _ = cli("store", "upgrade", "--dry-run")
    assert (code, out.splitlines()[0]) == (0, f"would be upgraded from schema 0001 to {head()}")
    assert planned(old.config).found == "0001"
    assert [step.revision for step in planned(old.config).steps][-1] == head()
    code, out, _ = cli("store", "upgrade", "--json")
    said = json.loads(out)
    assert (code, said["from"], said["to"], said["done"]) == (0, "0001", head(), True)
    assert _contents(old) == before
    assert old.verified(replay=True).findings == ()
    assert json.loads(cli("lookup", "example.org", "--json")[1])["documents"] == 3
    code, out, _ = cli("store", "upgrade")
    assert (code, "already" in out) == (0, True)
    if said["database"] == "sqlite":
        with copied(f"sqlite:///{said['copy']}", old.data / "again.db") as contents:
            assert (contents.schema, contents.rows["decision"]) == ("0001", 8)
    else:
        assert said["copy"] is None


def _contents(instance: Instance) -> dict[str, list[str]]:
    """Every row of every table by the columns of the first schema; what later ones add is left out."""
    engine = create_engine(address_of(instance.config.database_url))
    tables = MetaData()
    tables.reflect(engine)
    found = {}
    with engine.connect() as connection:
        for name in FIRST:
            table = tables.tables[name]
            columns = [c for c in table.columns if (name, c.name) not in LATER]
            found[name] = sorted(str(tuple(row)) for row in connection.execute(select(*columns)))
    engine.dispose()
    return found


FIRST = (
    "crawl", "crawler_identity", "policy_version", "evidence", "observation", "reservation", "decision",
    "document", "complaint", "complaint_event", "audit", "log_entry", "checkpoint",
)  # fmt: skip
LATER = {("document", "looked_at"), ("document", "files_at"), ("complaint", "language")}
"""Columns of tables of the first schema that later steps added."""


def test_a_backup_of_an_older_record_can_be_made(old: Instance, cli: Cli, tmp_path: Path) -> None:
    code, out, _ = cli("store", "backup", "-o", str(tmp_path / "b"))
    assert (code, "schema 0001" in out) == (0, True)
    assert cli("store", "verify-backup", str(tmp_path / "b"))[0] == 0


@pytest.mark.slow
def test_every_command_refuses_a_newer_record(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 2, and what to do; no traceback, and the record is left as it is."""
    instance = made(Instance(tmp_path / "data"))
    engine = open_database(instance.config.database_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    for name, value in WHO.items():
        monkeypatch.setenv(f"FORBEAR_{name}", value)
    before = (instance.data / "forbear.db").read_bytes()
    refused = set()
    for words in OPENING:
        code, _, err = run_cli(instance, capsys, monkeypatch, *(w.format(tmp=tmp_path) for w in words))
        assert code == 2, (words, err)
        assert "was written by a newer release of Forbear (schema 9999" in err, (words, err)
        assert "Traceback" not in err
        refused.add(words)
    assert refused == set(OPENING)
    assert (instance.data / "forbear.db").read_bytes() == before
    with pytest.raises(Exception, match="newer release"):
        open_for_reading(instance.config.database_url)


WHO = {
    "CRAWLER_PRODUCT_TOKEN": "ExampleBot",
    "CRAWLER_INFO_URL": "https://example.org/bot",
    "OPERATOR_CONTACT": "crawler@example.org",
}
OPENING = (
    ("why", "https://example.org/a"),
    ("lookup", "example.org"),
    ("decisions", "export"),
    ("export", "decisions"),
    ("export", "sqlite", "-o", "{tmp}/x.sqlite"),
    ("dataset", "export", "-o", "{tmp}/ds"),
    ("dataset", "withdraw", "--url", "https://example.org/a", "--reason", "x", "-o", "{tmp}/wd"),
    ("dataset", "check", "{tmp}"),
    ("log", "status"),
    ("log", "checkpoint"),
    ("log", "verify"),
    ("log", "prove", "https://example.org/a"),
    ("report", "crawl"),
    ("blocklists", "report"),
    ("blocklists", "late"),
    ("blocklists", "impact"),
    ("complaints", "list"),
    ("complaints", "show", "C-2026-0001"),
    ("export", "evidence", "example.org", "-o", "{tmp}/ev"),
    ("export", "exclusions"),
    ("impact", "--profile", "strict"),
    ("recheck",),
    ("report", "kpi"),
    ("report", "measures"),
    ("report", "policy"),
    ("serve", "--port", "18999"),
    ("store", "hold", "example.org", "--reason", "x"),
    ("store", "release", "1", "--reason", "x"),
    ("store", "holds"),
    ("store", "redact", "https://example.org/a", "--reason", "x"),
    ("store", "prune"),
    ("store", "prune", "--dry-run"),
    ("store", "backup", "-o", "{tmp}/b.tar"),
    ("store", "upgrade"),
    ("store", "upgrade", "--dry-run"),
)
"""Commands that open the record, as a user would type them."""

"""Copying a whole database while it is written to, and putting it back."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import which

from sqlalchemy import URL, Connection, create_engine, func, inspect, select, table, text
from sqlalchemy.exc import DBAPIError

from crawler.store.database import DatabaseError, address_of, open_as_it_is
from crawler.store.queries.log import last_checkpoint, log_size
from crawler.store.queries.resume import warc_ends

SQLITE, POSTGRESQL = "sqlite", "postgresql"
VERSION_TABLE = "alembic_version"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What a copy of a database holds."""

    schema: str
    rows: Mapping[str, int]
    """By table."""
    log_entries: int
    checkpoint: str | None
    """The newest signed checkpoint."""
    ends: Mapping[str, int]
    """For each WARC file, by its path below the data folder, the end of its last committed record."""


def kind_of(url: str) -> str:
    """Which kind of database a URL names. Raises DatabaseError."""
    return SQLITE if address_of(url).drivername == SQLITE else POSTGRESQL


@contextmanager
def copied(url: str, target: Path) -> Iterator[Contents]:
    """Copy a database into a file, as it stands at one moment, while others go on writing.

    SQLite gives a database file, PostgreSQL an archive of pg_dump. Raises DatabaseError.
    """
    address = address_of(url)
    if address.drivername == SQLITE:
        engine, found = open_as_it_is(url)
        engine.dispose()
        _require(found, address)
        _copy_sqlite(Path(str(address.database)), target)
        engine, found = open_as_it_is(f"sqlite:///{target}")
    else:
        engine, found = open_as_it_is(url)
    try:
        with engine.connect() as connection:
            schema = _require(found, address)
            if address.drivername != SQLITE:
                snapshot = connection.scalar(text("SELECT pg_export_snapshot()"))
                _run("pg_dump", address, "--format=custom", f"--snapshot={snapshot}", f"--file={target}")
            yield _contents(connection, schema)
    finally:
        engine.dispose()


def put_back(archive: Path, url: str) -> None:
    """Fill an empty PostgreSQL database from an archive. Raises DatabaseError."""
    require_empty(url)
    options = ("--exit-on-error", "--single-transaction")
    _run("pg_restore", address_of(url), *options, str(archive))


def make_ready(file: Path) -> None:
    """Have a copied SQLite file written to beside readers again, as a record is."""
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")


def require_empty(url: str) -> None:
    """Raise DatabaseError unless a database is there and has no table."""
    address = address_of(url)
    engine = create_engine(address)
    try:
        with engine.connect() as connection:
            if inspect(connection).get_table_names():
                raise DatabaseError(f"{_shown(address)} is not empty; make a new database")
    except DBAPIError as error:
        reason = str(error.orig).strip().partition("\n")[0]
        raise DatabaseError(f"cannot use the database {_shown(address)}: {reason}") from error
    finally:
        engine.dispose()


def _copy_sqlite(source: Path, target: Path) -> None:
    try:
        with (
            closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True)) as reading,
            closing(sqlite3.connect(target)) as writing,
        ):
            # In one step: a copy in several begins anew whenever somebody writes between two of them.
            # https://sqlite.org/backup.html
            reading.backup(writing, pages=-1)
            writing.execute("PRAGMA journal_mode=DELETE")
            (found,) = writing.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        raise DatabaseError(f"cannot copy the database {source}: {error}") from error
    if found != "ok":
        raise DatabaseError(f"the database {source} is damaged: {found}")


def _contents(connection: Connection, schema: str) -> Contents:
    names = sorted(set(inspect(connection).get_table_names()) - {VERSION_TABLE})
    last = last_checkpoint(connection)
    return Contents(
        schema=schema,
        rows={name: _count(connection, name) for name in names},
        log_entries=log_size(connection),
        checkpoint=last.note if last else None,
        ends=warc_ends(connection, names),
    )


def _count(connection: Connection, name: str) -> int:
    return connection.scalar(select(func.count()).select_from(table(name))) or 0


def _require(found: str | None, address: URL) -> str:
    if found is None:
        raise DatabaseError(f"{_shown(address)} has no record; `forbear crawl` makes one")
    return found


def _run(program: str, address: URL, *options: str) -> None:
    """Run a program of PostgreSQL's on a database; its password goes through the environment."""
    path = which(program)
    if path is None:
        raise DatabaseError(
            f"{program} is needed for a PostgreSQL record and is not installed (postgresql-client)"
        )
    place = address.set(drivername="postgresql", password=None).render_as_string(hide_password=False)
    command = [path, "--no-owner", "--no-privileges", f"--dbname={place}", *options]
    password = {"PGPASSWORD": address.password} if address.password else {}
    done = subprocess.run(  # noqa: S603 - a fixed program, and no shell
        command, env={**os.environ, **password}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise DatabaseError(f"{program}: {(done.stderr.strip().splitlines() or ['failed'])[0][:500]}")


def _shown(address: URL) -> str:
    return address.render_as_string(hide_password=True)

"""Opening an instance's database: SQLite in its data folder, or PostgreSQL by URL."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy import Connection as Connection  # for callers that may not import sqlalchemy
from sqlalchemy.exc import ArgumentError, DBAPIError

from crawler.store.errors import DatabaseError as DatabaseError
from crawler.store.migrations import head, known, upgrade

BUSY_TIMEOUT = 5000
"""Milliseconds a statement waits for another process's transaction."""
WRITING = (
    "foreign_keys=ON",
    "journal_mode=WAL",
    # NORMAL could lose the last commits on power loss, and costs as much once rows go in batches.
    "synchronous=FULL",
    # Indexes over hashes touch pages all over the file: 64 MiB of them instead of 2 stay in memory,
    # and the log is folded back every 32 MiB instead of every 4.
    "cache_size=-65536",
    "wal_autocheckpoint=8192",
)
"""Pragmas of a connection that writes: https://sqlite.org/pragma.html"""
MIGRATION_LOCK = 0x466F72626561724D
"""PostgreSQL advisory lock under which one process at a time changes the schema: `ForbearM`."""


def open_database(url: str) -> Engine:
    """Open the record for writing: make it if there is none, and bring it to this release's schema.

    Raises DatabaseError if it cannot be reached, or was written by a newer release.
    """
    address = address_of(url)
    if address.drivername == "sqlite":
        _make_folder(Path(str(address.database)).parent)
        engine = create_engine(address)
        _prepare_sqlite(engine, *WRITING)
        _begin_with(engine, "BEGIN IMMEDIATE")
    else:
        engine = create_engine(address, pool_pre_ping=True)
    try:
        with engine.connect() as connection:
            found = _revision(connection, address)
        if found != head():
            with engine.begin() as connection:
                _migrate(connection, address)
    except DBAPIError as error:
        engine.dispose()
        raise _unusable(address, error) from error
    except DatabaseError:
        engine.dispose()
        raise
    return engine


def open_for_reading(url: str) -> Engine:
    """Open the record for queries only; nothing can be written through the engine.

    Its errors do not show what was asked for: the public site's end up in a log.

    Raises DatabaseError if there is none, or its schema is not this release's.
    """
    engine, found = open_as_it_is(url)
    if found != head():
        engine.dispose()
        name = _shown(address_of(url))
        if found is None:
            raise DatabaseError(f"{name} holds no record yet; `forbear crawl` makes one")
        raise DatabaseError(
            f"{name} has no record of this release (schema {found}, this release has {head()}); "
            "`forbear store upgrade` brings it up to date"
        )
    return engine


def open_as_it_is(url: str) -> tuple[Engine, str | None]:
    """Open the record for queries only, and tell its schema, which may be an older one; None: it has none.

    Raises DatabaseError if there is no record, or if a newer release wrote it.
    """
    address = address_of(url)
    if address.drivername == "sqlite":
        file = Path(str(address.database))
        if not file.is_file():
            raise DatabaseError(f"there is no record at {file}; `forbear crawl` makes one")
        engine = create_engine(_read_only(file), hide_parameters=True)
        _prepare_sqlite(engine, "query_only=ON")
        _begin_with(engine, "BEGIN")
    else:
        options = {"options": "-c default_transaction_read_only=on"}
        # An answer takes several statements, which must all see the record of one moment.
        engine = create_engine(
            address, pool_pre_ping=True, connect_args=options, isolation_level="REPEATABLE READ"
        )
    try:
        with engine.connect() as connection:
            found = _revision(connection, address)
    except DBAPIError as error:
        engine.dispose()
        raise _unusable(address, error) from error
    except DatabaseError:
        engine.dispose()
        raise
    return engine, found


def address_of(url: str) -> URL:
    """The address of a database that Forbear can use. Raises DatabaseError for any other."""
    try:
        address = make_url(url)
    except ArgumentError as error:
        raise DatabaseError(f"not a database URL: {url[:200]!r}") from error
    name = address.drivername.partition("+")[0]
    if name in ("postgresql", "postgres"):
        return address.set(drivername="postgresql+psycopg")
    if name != "sqlite":
        raise DatabaseError(f"no support for {name!r}: use sqlite:///path/to/file or postgresql://...")
    if address.database in (None, "", ":memory:"):
        raise DatabaseError("a record in memory would not outlast the crawl: use sqlite:///path/to/file")
    return address.set(drivername="sqlite")


def _read_only(file: Path) -> URL:
    # A database in WAL mode can be read without writing beside it only if nobody else has it open:
    # https://sqlite.org/wal.html#read_only_databases
    aside = file.with_name(file.name + "-wal")
    mode = "mode=ro" if os.access(file.parent, os.W_OK) or aside.exists() else "immutable=1"
    return make_url("sqlite://").set(database=f"file:{_quoted(file.resolve())}?{mode}", query={"uri": "true"})


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseError(f"cannot make the folder of the record, {folder}: {error.strerror}") from error


def _quoted(file: Path) -> str:
    return file.as_uri().removeprefix("file://")


def _prepare_sqlite(engine: Engine, *pragmas: str) -> None:
    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: Any) -> None:
        # The driver must not begin transactions of its own, or a read would not belong to one:
        # https://docs.sqlalchemy.org/en/21/dialects/sqlite.html#pysqlite-serializable
        connection.isolation_level = None
        for pragma in (f"busy_timeout={BUSY_TIMEOUT}", *pragmas):
            connection.execute(f"PRAGMA {pragma}")


def _begin_with(engine: Engine, statement: str) -> None:
    # A writer takes its lock at once: one that has read already could not get it while another
    # process writes, however long it waits (https://sqlite.org/lang_transaction.html).
    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql(statement)


def _revision(connection: Connection, address: URL) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    if found is not None and not known(found):
        raise DatabaseError(
            f"{_shown(address)} was written by a newer release of Forbear (schema {found}, this one "
            f"has {head()}); install that release, or use another data folder"
        )
    return found


def _migrate(connection: Connection, address: URL) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})"))
    # Asked again under the lock: another process may have done it meanwhile.
    if _revision(connection, address) != head():
        upgrade(connection)


def _unusable(address: URL, error: DBAPIError) -> DatabaseError:
    reason = str(error.orig).strip().partition("\n")[0]
    return DatabaseError(f"cannot use the database {_shown(address)}: {reason}")


def _shown(address: URL) -> str:
    return address.render_as_string(hide_password=True)

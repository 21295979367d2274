"""How much of each limit is used up, shared by every process of an instance, and no address in the clear.

Beside SQLite a small database of its own, `limits.db` in the data folder: a question must not wait for
the crawl's transactions, nor for a disk. In PostgreSQL two unlogged tables in a schema of their own, which
all machines of an instance share. Nothing in either is worth a backup.

A row is the keyed hash of who asks and for what; the key is drawn anew each day and deleted a day later,
so that what is left of a row tells nobody who asked. A limit is kept as the moment at which it is whole
again (the generic cell rate algorithm, https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm): one
number, moved on by one statement, whoever else moves it at the same time.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from math import ceil
from pathlib import Path
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Double,
    Engine,
    LargeBinary,
    MetaData,
    Table,
    bindparam,
    create_engine,
    delete,
    event,
    func,
    select,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.schema import CreateSchema, CreateTable

from crawler.store.database import DatabaseError, address_of

FILE = "limits.db"
MAX_ROWS = 50_000
"""Rows kept; beyond, those that are whole again soonest are forgotten first."""
DAY = 86_400
NO_LIMIT = 1e12
TINY = 1e-6
"""Seconds by which sums of fractions may be off."""
_PRAGMAS = ("busy_timeout=2000", "journal_mode=WAL", "synchronous=OFF", "journal_size_limit=1048576")
_LOCK = 0x466F72626561724C
"""PostgreSQL advisory lock under which one process at a time makes the tables: `ForbearL`."""


class LimitError(DatabaseError):
    """The limits cannot be read, so that nobody can say whether a question may be answered."""


@dataclass(frozen=True, slots=True)
class Rate:
    """So many questions in so many seconds, all of which may come at once."""

    questions: int
    seconds: float

    @property
    def pace(self) -> float:
        """Seconds after which one more question is free."""
        return self.seconds / self.questions


_UNBOUNDED = (0.0, NO_LIMIT)


class Limits:
    """The shared memory of who asked how often. Safe for threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._keys: dict[int, bytes | None] = {}
        self._lock = threading.Lock()
        self._met: set[bytes] = set()
        """Keys of a day whose rows of the day before have been carried over."""
        self._sql = _statements(engine.dialect.name)

    def close(self) -> None:
        """Let the database go."""
        self._engine.dispose()

    def take(self, subject: str, rates: Sequence[Rate], now: float) -> int:
        """Seconds until a question is free, one rate or two; 0: it is counted, and may be answered.

        `now` in seconds since 1970, for all processes the same. Raises LimitError.
        """
        try:
            return self._taken(subject, rates, now)
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise LimitError(f"the limits cannot be read: {error.orig}") from error
        try:
            return self._taken(subject, rates, now)  # the server was started anew since the last question
        except DBAPIError as error:
            raise LimitError(f"the limits cannot be read: {error.orig}") from error

    def _taken(self, subject: str, rates: Sequence[Rate], now: float) -> int:
        with self._engine.connect() as connection:
            return self._take(connection, subject, rates, now)

    def forget(self, now: float, most: int = MAX_ROWS) -> None:
        """Delete rows that say nothing any more or are beyond `most`, and old keys. Raises LimitError."""
        try:
            with self._engine.connect() as connection:
                connection.execute(self._sql["whole"], {"now": now})
                beyond = connection.execute(self._sql["count"]).scalar_one() - most
                if beyond > 0:
                    connection.execute(self._sql["beyond"], {"beyond": beyond})
                connection.execute(self._sql["old keys"], {"day": int(now // DAY) - 1})
        except DBAPIError as error:
            raise LimitError(f"the limits cannot be read: {error.orig}") from error

    def _take(self, connection: Connection, subject: str, rates: Sequence[Rate], now: float) -> int:
        key = _hashed(self._key(connection, now), subject)
        (pace1, whole1), (pace2, whole2) = _pace(rates[:1]), _pace(rates[1:])
        values = {"key": key, "now": now, "pace1": pace1, "whole1": whole1, "pace2": pace2, "whole2": whole2}
        if key not in self._met:
            self._carry(connection, subject, key, now)
        if connection.execute(self._sql["take"], values).rowcount > 0:
            return 0
        row = connection.execute(self._sql["look"], {"key": key}).one_or_none()
        return 0 if row is None else _wait(row, values)

    def _carry(self, connection: Connection, subject: str, key: bytes, now: float) -> None:
        """Before the first question of a day: what yesterday's row of the same network still says."""
        yesterday = self._key(connection, now - DAY, make=False)
        if yesterday is not None:
            old = {"key": _hashed(yesterday, subject)}
            row = connection.execute(self._sql["look"], old).one_or_none()
            if row is not None:
                # Two processes may do this at once, and neither takes anything back.
                connection.execute(self._sql["carry"], {"key": key, **row._mapping})
                connection.execute(self._sql["drop"], old)
        if len(self._met) >= MAX_ROWS:
            self._met.clear()
        self._met.add(key)

    def _key(self, connection: Connection, now: float, *, make: bool = True) -> bytes | None:
        day = int(now // DAY)
        keys = self._keys
        if day in keys:
            return keys[day]
        with self._lock:
            if day not in self._keys:
                if make:
                    new = {"day": day, "key": secrets.token_bytes(32)}
                    connection.execute(self._sql["new key"], new)
                found = connection.execute(self._sql["key"], {"day": day}).scalar()
                known = None if found is None else bytes(found)
                self._keys = {d: k for d, k in self._keys.items() if d >= day - 1} | {day: known}
            return self._keys[day]


def open_limits(database: str, folder: Path) -> Limits:
    """The limits of an instance, whose record is at a URL. Raises LimitError."""
    address = address_of(database)
    try:
        if address.drivername == "sqlite":
            engine = _beside(folder)
        else:
            engine = create_engine(
                address,
                isolation_level="AUTOCOMMIT",
                pool_reset_on_return=None,
                hide_parameters=True,
                connect_args={"options": "-c synchronous_commit=off"},
            )
            with engine.connect() as connection:
                connection.execute(text(f"SELECT pg_advisory_lock({_LOCK})"))
                _make(connection)
                connection.execute(text("SELECT pg_advisory_unlock_all()"))
    except DBAPIError as error:
        raise LimitError(f"the limits cannot be opened: {error.orig}") from error
    return Limits(engine)


def _beside(folder: Path) -> Engine:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / FILE
    file.touch(mode=0o600)
    engine = create_engine(f"sqlite:///{file}", isolation_level="AUTOCOMMIT", pool_reset_on_return=None)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: Any) -> None:
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")

    try:
        with engine.connect() as connection:
            _make(connection)
    except DBAPIError as error:
        engine.dispose()
        raise LimitError(
            f"{file} cannot be used ({error.orig}); it holds nothing but who asked how often: delete it"
        ) from error
    return engine


@dataclass(frozen=True, slots=True)
class _Tables:
    """The two tables of one kind of database."""

    asked: Table
    keys: Table


def _tables(dialect: str) -> _Tables:
    beside = dialect == "sqlite"
    metadata = MetaData(schema=None if beside else "forbear_web")
    prefixes = [] if beside else ["UNLOGGED"]
    asked = Table(
        "asked",
        metadata,
        Column("key", LargeBinary, primary_key=True),
        Column("whole1", Double, nullable=False),
        Column("whole2", Double, nullable=False),
        prefixes=prefixes,
        sqlite_with_rowid=False,
    )
    keys = Table(
        "asked_key",
        metadata,
        Column("day", BigInteger, primary_key=True, autoincrement=False),
        Column("key", LargeBinary, nullable=False),
        prefixes=prefixes,
    )
    return _Tables(asked=asked, keys=keys)


def _make(connection: Connection) -> None:
    tables = _tables(connection.dialect.name)
    if tables.asked.schema:
        connection.execute(CreateSchema(tables.asked.schema, if_not_exists=True))
    for table in (tables.asked, tables.keys):
        connection.execute(CreateTable(table, if_not_exists=True))


def _statements(dialect: str) -> dict[str, Any]:
    tables = _tables(dialect)
    asked, keys = tables.asked, tables.keys
    insert, most = (sqlite.insert, func.max) if dialect == "sqlite" else (postgresql.insert, func.greatest)
    of_key, of_day = asked.c.key == bindparam("key"), keys.c.day == bindparam("day")
    carried = insert(asked)
    rows = select(asked.c.key).order_by(most(asked.c.whole1, asked.c.whole2)).limit(bindparam("beyond"))
    return {
        "take": _taking(asked, dialect),
        "look": select(asked.c.whole1, asked.c.whole2).where(of_key),
        "carry": carried.on_conflict_do_update(
            index_elements=["key"],
            set_={n: most(asked.c[n], carried.excluded[n]) for n in ("whole1", "whole2")},
        ),
        "drop": delete(asked).where(of_key),
        "whole": delete(asked).where(most(asked.c.whole1, asked.c.whole2) <= bindparam("now", type_=Double)),
        "count": select(func.count()).select_from(asked),
        "beyond": delete(asked).where(asked.c.key.in_(rows)),
        "new key": insert(keys).on_conflict_do_nothing(),
        "key": select(keys.c.key).where(of_day),
        "old keys": delete(keys).where(keys.c.day < bindparam("day")),
    }


def _taking(asked: Table, dialect: str) -> Any:
    """Count a question where both limits allow it; else no row is changed."""
    beside = dialect == "sqlite"
    most, least = (func.max, func.min) if beside else (func.greatest, func.least)
    now = bindparam("now", type_=Double)
    after, free = {}, []
    for number in (1, 2):
        column = asked.c[f"whole{number}"]
        whole, pace = bindparam(f"whole{number}", type_=Double), bindparam(f"pace{number}", type_=Double)
        # No moment lies further ahead than a whole limit, also after somebody has set a clock back.
        moved = most(least(column, now + whole), now) + pace
        after[column.name] = moved
        free.append(moved <= now + whole + TINY)
    insert = sqlite.insert if beside else postgresql.insert
    first = {f"whole{n}": now + bindparam(f"pace{n}", type_=Double) for n in (1, 2)}
    statement = insert(asked).values(key=bindparam("key"), **first)
    # How many rows were changed tells it. To give the row back would hold the one lock of SQLite until
    # this thread runs again, and all others would wait for it.
    return statement.on_conflict_do_update(
        index_elements=["key"], set_=after, where=free[0] & free[1]
    ).execution_options(preserve_rowcount=True)


def _pace(rates: Sequence[Rate]) -> tuple[float, float]:
    return (rates[0].pace, rates[0].seconds) if rates else _UNBOUNDED


def _wait(row: Any, values: dict[str, Any]) -> int:
    now = values["now"]
    waits = [
        max(min(row[n - 1], now + values[f"whole{n}"]), now) + values[f"pace{n}"] - now - values[f"whole{n}"]
        for n in (1, 2)
    ]
    longest = max(waits)
    return max(1, ceil(longest - TINY)) if longest > TINY else 0


def _hashed(key: bytes | None, subject: str) -> bytes:
    assert key is not None
    return blake2b(subject.encode(), digest_size=16, key=key).digest()

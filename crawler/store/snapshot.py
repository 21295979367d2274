"""A copy of the record as one SQLite file, for people who bring their own SQL.

What is in it is named here, table by table: complaints, names of staff, the salts of the log and the
queue never are, nor is a table that somebody adds later. Secrets of the
operator's configuration are taken out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Engine,
    Integer,
    Row,
    Select,
    Table,
    Text,
    collate,
    create_engine,
    func,
    insert,
    literal,
    select,
    tuple_,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.schema import CreateTable

from crawler.redaction import REDACTED
from crawler.store import schema as s
from crawler.store.codec import to_json
from crawler.store.columns import Hostile
from crawler.store.errors import DatabaseError

CHUNK = 500
"""Rows in memory at a time: evidence has up to half a megabyte."""
PIECE = 20_000
"""Rows in one transaction: what a death costs."""
SECRETS = (("storage", "database"), ("network", "proxy"), ("publish", "staff_tokens"))
"""Settings that may hold passwords, or hashes of tokens."""

TABLES: tuple[Table, ...] = (
    s.crawler_identity,
    s.policy_version,
    s.crawl,
    s.evidence,
    s.observation,
    s.reservation,
    s.decision,
    s.document,
    s.omitted,
    s.blocklist_snapshot,
    s.blocklist_entry,
    s.notice,
    s.checkpoint,
)

VIEWS: Mapping[str, str] = {
    "decisions_in_short": """
        SELECT d.id, d.url, d.host, d.domain, d.decided_at, d.stage, d.verdict, d.reason, d.status,
               d.bytes, d.crawl_id, i.product_token, d.policy_id
        FROM decision d JOIN crawler_identity i ON i.id = d.identity_id""",
    "left_out_by_reason": """
        SELECT reason, count(*) AS decisions, count(DISTINCT domain) AS domains,
               min(decided_at) AS first, max(decided_at) AS last
        FROM decision WHERE verdict = 'exclude' GROUP BY reason""",
    "documents_not_withdrawn": """
        SELECT decision_id, url, domain, media_type, bytes, body_sha256, kept_at
        FROM document WHERE withdrawn_at IS NULL""",
}
"""Questions people begin with."""


def row_bounds(connection: Connection) -> dict[str, int]:
    """The last row of each table that numbers its rows, by the name of the table."""
    numbered = {table.name: _first_key(table) for table in TABLES}
    return {
        name: connection.scalar(select(func.max(key))) or 0
        for name, key in numbered.items()
        if isinstance(key.type, Integer)
    }


def write_snapshot(
    connection: Connection, file: Path, about: Mapping[str, str], upto: Mapping[str, int] | None = None
) -> dict[str, int]:
    """Copy the record into a SQLite file; the answer is how many rows each table has.

    A file that is there was begun by a process that died: it is gone on with after its last rows. The same
    record gives the same bytes either way. `about` goes into a table of that name; `upto` are the
    `row_bounds` of the moment it was begun, beyond which no row is copied. Raises DatabaseError where
    it cannot be completed.
    """
    upto = row_bounds(connection) if upto is None else upto
    engine = create_engine(f"sqlite:///{file}")
    try:
        with engine.begin() as target:
            for table in TABLES:
                target.execute(CreateTable(table, if_not_exists=True))
        for table in TABLES:
            while _copy_more(connection, engine, table, upto.get(table.name)) == PIECE:
                pass
        with engine.begin() as target:
            _complete(target, about)
            return {t.name: target.scalar(select(func.count()).select_from(t)) or 0 for t in TABLES}
    except DBAPIError as error:
        reason = str(error.orig).partition("\n")[0]
        raise DatabaseError(
            f"the snapshot is not complete: {reason}; the same command goes on from there"
        ) from error
    finally:
        engine.dispose()


def _copy_more(source: Connection, engine: Engine, table: Table, upto: int | None) -> int:
    """Copy the rows behind the last one there is, a transaction's worth; the answer is how many."""
    change, count = _REDACTED.get(table.name, dict), 0
    with engine.begin() as target:
        statement = _rows_after(source, table, _last_key(target, table))
        if upto is not None:
            statement = statement.where(_first_key(table) <= upto)
        rows = source.execute(statement.limit(PIECE), execution_options={"yield_per": CHUNK})
        for part in rows.mappings().partitions(CHUNK):
            target.execute(insert(table), [change(row) for row in part])
            count += len(part)
    return count


def _first_key(table: Table) -> Column[Any]:
    return next(iter(table.primary_key.columns))


def _last_key(target: Connection, table: Table) -> Row[Any] | None:
    key = table.primary_key.columns
    return target.execute(select(*key).order_by(*(c.desc() for c in key)).limit(1)).one_or_none()


def _rows_after(source: Connection, table: Table, last: Row[Any] | None) -> Select[Any]:
    """Rows in the order of their key as SQLite has it, which digests and names of terms have anywhere."""
    key: list[ColumnElement[Any]] = list(table.primary_key.columns)
    bytewise = len(key) > 1 and source.dialect.name == "postgresql"
    order = [collate(c, "C") if bytewise and isinstance(c.type, (Text, Hostile)) else c for c in key]
    statement = select(table).order_by(*order)
    if last is None:
        return statement
    values = [literal(value, column.type) for value, column in zip(last, key, strict=True)]
    return statement.where(order[0] > values[0] if len(order) == 1 else tuple_(*order) > tuple_(*values))


def _complete(target: Connection, about: Mapping[str, str]) -> None:
    """Indexes, views and what the file says about itself, as far as they are not there."""
    for table in TABLES:
        for index in sorted(table.indexes, key=lambda i: str(i.name)):
            index.create(target, checkfirst=True)
    for name, query in VIEWS.items():
        target.exec_driver_sql(f"CREATE VIEW IF NOT EXISTS {name} AS {query}")
    target.exec_driver_sql("CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value TEXT NOT NULL)")
    for pair in about.items():
        target.exec_driver_sql("INSERT OR IGNORE INTO about VALUES (?, ?)", pair)


def _without_secrets(row: Mapping[str, Any]) -> dict[str, Any]:
    config = json.loads(row["config"])
    for section, key in SECRETS:
        if config.get(section, {}).get(key):
            config[section][key] = REDACTED
    return {**row, "config": to_json(config)}


_REDACTED: Mapping[str, Callable[[Any], dict[str, Any]]] = {"crawl": _without_secrets}

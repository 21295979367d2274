"""Rows of a large record on their way into it: by the driver's own bulk insert, a batch at a time.

PostgreSQL copies one batch in while the next is made. It need not look up what each row points to, where the
user may say so: parents are written first.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from sqlalchemy import Connection, Table, insert

from crawler.store.schema import (
    crawl,
    crawler_identity,
    decision,
    document,
    evidence,
    observation,
    policy_version,
)

BATCH = 20_000


Rows = dict[Table, list[tuple[Any, ...]]]
_EARLY = (crawler_identity, policy_version, crawl)


class Tables:
    """Rows by table, written in batches: parents first, since a batch is full only between decisions."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._rows = _none()
        self._few: list[tuple[Table, dict[str, Any]]] = []
        self._apart = ThreadPoolExecutor(1) if connection.dialect.name == "postgresql" else None
        self._under_way: Future[None] | None = None
        if self._apart and connection.exec_driver_sql("SHOW is_superuser").scalar() == "on":
            # https://www.postgresql.org/docs/current/runtime-config-client.html#GUC-SESSION-REPLICATION-ROLE
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")

    def insert(self, table: Table, row: dict[str, Any]) -> None:
        """A row of a small table, by name of column."""
        self._few.append((table, row))

    def add(self, table: Table, row: tuple[Any, ...]) -> None:
        """A row of a large table, in the order of its columns."""
        self._rows[table].append(row)
        if table is decision and len(self._rows[table]) >= BATCH:
            self._write_out()

    def flush(self) -> None:
        """Write what has gathered; the connection is free for others then."""
        self._write_out()
        self._wait()
        if self._apart:
            self._apart.shutdown()

    def _write_out(self) -> None:
        self._wait()
        rows, few = self._rows, self._few
        self._rows, self._few = _none(), []
        if self._apart:
            self._under_way = self._apart.submit(self._write, rows, few)
        else:
            self._write(rows, few)

    def _wait(self) -> None:
        if self._under_way is not None:
            self._under_way.result()
            self._under_way = None

    def _write(self, rows: Rows, few: list[tuple[Table, dict[str, Any]]]) -> None:
        for table, row in few:
            if table in _EARLY:
                self._connection.execute(insert(table), row)
        for table, some in rows.items():
            if some:
                self._bulk(table, some)
        for table, row in few:
            if table not in _EARLY:
                self._connection.execute(insert(table), row)

    def _bulk(self, table: Table, rows: list[tuple[Any, ...]]) -> None:
        driver: Any = self._connection.connection.driver_connection
        filled = table.columns.keys()[: len(rows[0])]  # further columns have their defaults
        names = ", ".join(f'"{name}"' for name in filled)
        if self._connection.dialect.name == "sqlite":
            marks = ", ".join("?" * len(filled))
            driver.executemany(f"INSERT INTO {table.name} ({names}) VALUES ({marks})", rows)
            return
        with driver.cursor() as cursor, cursor.copy(f"COPY {table.name} ({names}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)


def _none() -> Rows:
    return {t: [] for t in (evidence, observation, decision, document)}

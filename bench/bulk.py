"""Rows of a large record on their way into it: by the driver's own bulk insert, a batch at a time."""

from __future__ import annotations

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


class Tables:
    """Rows by table, written in batches: parents first, since a batch is full only between decisions."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._rows: dict[Table, list[tuple[Any, ...]]] = {
            t: [] for t in (evidence, observation, decision, document)
        }
        self._few: list[tuple[Table, dict[str, Any]]] = []

    def insert(self, table: Table, row: dict[str, Any]) -> None:
        """A row of a small table, by name of column."""
        self._few.append((table, row))

    def add(self, table: Table, row: tuple[Any, ...]) -> None:
        """A row of a large table, in the order of its columns."""
        self._rows[table].append(row)
        if table is decision and len(self._rows[table]) >= BATCH:
            self.flush()

    def flush(self) -> None:
        """Write what has gathered."""
        early = (crawler_identity, policy_version, crawl)
        for table, row in self._few:
            if table in early:
                self._connection.execute(insert(table), row)
        for table, rows in self._rows.items():
            if rows:
                self._bulk(table, rows)
                rows.clear()
        for table, row in self._few:
            if table not in early:
                self._connection.execute(insert(table), row)
        self._few.clear()

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

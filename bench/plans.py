"""How a database goes about the statements of a question: its plans, in a line each.

https://sqlite.org/eqp.html and https://www.postgresql.org/docs/current/using-explain.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, event


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a plan."""

    text: str
    table: str
    """The table that is read; empty for a sort or another step."""
    is_scan: bool
    """Whether all of the table is read."""
    is_sort: bool
    rows: int
    """Rows the database expects; 0 where it does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A statement and how it is gone about."""

    statement: str
    steps: tuple[Step, ...]


@contextmanager
def recorded(engine: Engine) -> Iterator[list[tuple[str, Any]]]:
    """The statements that are executed in the block, with their parameters."""
    found: list[tuple[str, Any]] = []

    def note(_: Any, __: Any, statement: str, parameters: Any, *___: Any) -> None:
        if statement.lstrip().upper().startswith(("SELECT", "WITH")):
            found.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(engine, "before_cursor_execute", note)


def plans_of(engine: Engine, ask: Callable[[Connection], object]) -> list[Plan]:
    """Ask a question, and then how its statements were gone about, each once."""
    with engine.connect() as connection:
        with recorded(engine) as statements:
            ask(connection)
        found = {}
        for statement, parameters in statements:
            if statement not in found:
                found[statement] = Plan(statement=statement, steps=_steps(connection, statement, parameters))
    return list(found.values())


def _steps(connection: Connection, statement: str, parameters: Any) -> tuple[Step, ...]:
    if connection.dialect.name == "sqlite":
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        aliases = {alias: table for table, alias in re.findall(r"(\w+) AS (\w+)", statement)}
        return tuple(_of_sqlite(str(row[3]), aliases) for row in rows)
    plan = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", parameters).scalar_one()
    return tuple(_of_postgresql((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]))


def _of_sqlite(text: str, aliases: Mapping[str, str]) -> Step:
    words = text.split()
    reads = words[0] in ("SCAN", "SEARCH")
    return Step(
        text=text,
        table=aliases.get(words[1], words[1]) if reads else "",
        is_scan=words[0] == "SCAN",
        is_sort="TEMP B-TREE FOR ORDER BY" in text,
        rows=0,
    )


def _of_postgresql(node: dict[str, Any]) -> Iterator[Step]:
    kind, table = node["Node Type"], node.get("Relation Name", "")
    index = f" using {node['Index Name']}" if "Index Name" in node else ""
    bounded = "Index Cond" in node
    yield Step(
        text=f"{kind}{index}{f' on {table}' if table else ''} (rows={node['Plan Rows']})",
        table=table,
        is_scan=kind == "Seq Scan" or (kind.startswith("Index") and bool(table) and not bounded),
        is_sort="Sort" in kind,
        rows=int(node["Plan Rows"]),
    )
    for inner in node.get("Plans", ()):
        yield from _of_postgresql(inner)

"""The audit trail of exports: who took what out of the record, when, by which filter, with which digest."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select

from crawler.store.schema import checkpoint, decision, export

CHUNK = 1000
"""Rows fetched at a time, so that memory does not grow with the answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedFile:
    """One file of an export."""

    name: str
    bytes: int
    sha256: str
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportRow:
    """An export that was made."""

    id: int = 0
    """Given by the record; 0 before it is in there."""
    made_at: datetime
    actor: str
    """The account that ran the command."""
    name: str
    """What was exported: `decisions`, `dataset`, `report training-summary`, ..."""
    format: str
    filter: Mapping[str, Any]
    """What was asked for, by the names of the command's options."""
    target: str
    """Where it went: a path, or `stdout`."""
    rows: int
    as_of: int
    """The last decision the record had; the same filter gives the same rows up to it."""
    files: tuple[ExportedFile, ...]
    software: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """How far the tamper-evident log was when something was exported."""

    tree_size: int
    root_hash: str


def exports(connection: Connection, *, name: str | None = None) -> Iterator[ExportRow]:
    """Exports in the order they were made, in bounded memory."""
    statement = select(export).order_by(export.c.id)
    if name is not None:
        statement = statement.where(export.c.name == name)
    after = 0
    while True:
        rows = connection.execute(statement.where(export.c.id > after).limit(CHUNK)).all()
        yield from map(_export, rows)
        if len(rows) < CHUNK:
            return
        after = rows[-1].id


def export_number(connection: Connection, number: int) -> ExportRow | None:
    """One export; None where there is none of that number."""
    row = connection.execute(select(export).where(export.c.id == number)).one_or_none()
    return None if row is None else _export(row)


def last_decision(connection: Connection) -> int:
    """The number of the newest decision; 0 in an empty record."""
    return int(connection.scalar(select(func.coalesce(func.max(decision.c.id), 0))) or 0)


def last_checkpoint(connection: Connection) -> Checkpoint | None:
    """The newest checkpoint of the log; None where none was made."""
    newest = select(checkpoint).order_by(checkpoint.c.tree_size.desc()).limit(1)
    row = connection.execute(newest).one_or_none()
    return None if row is None else Checkpoint(tree_size=row.tree_size, root_hash=row.root_hash.hex())


def _export(row: Row[Any]) -> ExportRow:
    return ExportRow(
        id=row.id,
        made_at=row.made_at,
        actor=row.actor,
        name=row.name,
        format=row.format,
        filter=json.loads(row.filter),
        target=row.target,
        rows=row.rows,
        as_of=row.as_of,
        files=tuple(ExportedFile(**file) for file in json.loads(row.files)),
        software=row.software,
    )

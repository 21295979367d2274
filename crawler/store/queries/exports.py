"""The audit trail of exports: who took what out of the record, when, by which filter, with which digest."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select

from crawler.store.columns import iso
from crawler.store.schema import checkpoint, crawl, decision, export, policy_version

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


def exports(connection: Connection, *, name: str | None = None, after: int = 0) -> Iterator[ExportRow]:
    """Exports in the order they were made, in bounded memory."""
    statement = select(export).order_by(export.c.id)
    if name is not None:
        statement = statement.where(export.c.name == name)
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


def last_export(connection: Connection) -> int:
    """The number of the newest export; 0 where there is none."""
    return int(connection.scalar(select(func.coalesce(func.max(export.c.id), 0))) or 0)


def mark_of(connection: Connection, decision_id: int) -> str:
    """By what a decision is known again, to tell another record's decision of that number; empty if gone."""
    columns = select(decision.c.url_hash, decision.c.decided_at)
    row = connection.execute(columns.where(decision.c.id == decision_id)).one_or_none()
    return "" if row is None else f"{row.url_hash} {iso(row.decided_at)}"


def record_span(connection: Connection) -> tuple[tuple[datetime, datetime] | None, list[str]]:
    """From when to when crawls ran, and the terms there ever were, the first first."""
    first = connection.scalar(select(func.min(crawl.c.started_at)))
    last = connection.scalar(select(decision.c.decided_at).order_by(decision.c.id.desc()).limit(1))
    policies = connection.scalars(select(policy_version.c.id).order_by(policy_version.c.first_used))
    return (first, last) if first and last else None, list(policies)


def policies_of_crawls(connection: Connection) -> dict[int, str]:
    """The terms each crawl ran under."""
    return {row.id: row.policy_id for row in connection.execute(select(crawl.c.id, crawl.c.policy_id))}


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

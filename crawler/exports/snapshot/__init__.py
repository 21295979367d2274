"""The record as one SQLite file, written whole or not at all; after a death it is gone on with."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import file_digest
from pathlib import Path

from crawler.exports.tables.present import export_manifest, head_of_log
from crawler.exports.tables.state import State, require_unchanged, state_from, state_keys
from crawler.exports.tables.writing import actor, take_places
from crawler.exports.working import Working
from crawler.store.database import Connection
from crawler.store.queries.exports import (
    ExportedFile,
    ExportRow,
    last_checkpoint,
    last_decision,
    mark_of,
    record_span,
)
from crawler.store.queries.retention import last_redaction
from crawler.store.snapshot import row_bounds, write_snapshot

NAME = "sqlite"
UPTO = "upto"


def export_snapshot(
    connection: Connection,
    target: Path,
    software: str,
    *,
    enter: Callable[[ExportRow], None] = lambda made: None,
    restart: bool = False,
) -> ExportRow:
    """Write the snapshot, and a manifest beside it; an earlier snapshot of that name is replaced.

    One that was interrupted is gone on with after the rows it has, and keeps to the rows there were when it
    began; `enter` as for other exports. Raises ExportRefusedError where something else was begun there, or
    something was removed from the record since.
    """
    target = target.absolute()
    target.parent.mkdir(parents=True, exist_ok=True)
    order = {"table": NAME, "format": NAME, "software": software}
    with Working(target, restart=restart) as working:
        state, upto = _gone_on_with(connection, working, order)
        if not state.written:
            file = working.path(target.name)
            about = {"software": software, "as_of": str(state.as_of)}
            counts = write_snapshot(connection, file, about, upto)
            state = replace(state, files=(_described(file, sum(counts.values())),), written=True)
            working.save(order, state_keys(state) | {UPTO: upto})
        made = _made(state, target, software)
        span, policies = state.time_range, state.policies
        take_places(working, target, state, export_manifest(made, None, state.checkpoint, span, policies))
        enter(made)
        working.clear()
    return made


def _gone_on_with(
    connection: Connection, working: Working, order: dict[str, str]
) -> tuple[State, dict[str, int]]:
    """The state to begin with, and the last row of each table when it was begun."""
    found = working.load(order)
    if found is not None:
        state = state_from(found)
        require_unchanged(connection, state)
        return state, dict(found[UPTO])
    working.clear()
    as_of, upto = last_decision(connection), row_bounds(connection)
    span, policies = record_span(connection)
    state = State(
        made_at=datetime.now(UTC),
        actor=actor(),
        as_of=as_of,
        mark=mark_of(connection, as_of),
        removed=last_redaction(connection),
        newest=as_of,
        checkpoint=head_of_log(last_checkpoint(connection)),
        first_seen=span[0] if span else None,
        last_seen=span[1] if span else None,
        policies=tuple(policies),
    )
    working.save(order, state_keys(state) | {UPTO: upto})
    return state, upto


def _described(file: Path, rows: int) -> ExportedFile:
    with file.open("rb+") as stream:
        digest = file_digest(stream, "sha256").hexdigest()
        os.fsync(stream.fileno())
    return ExportedFile(name=file.name, bytes=file.stat().st_size, sha256=digest, rows=rows)


def _made(state: State, target: Path, software: str) -> ExportRow:
    return ExportRow(
        made_at=state.made_at,
        actor=state.actor,
        name=NAME,
        format=NAME,
        filter={},
        target=str(target),
        rows=sum(file.rows for file in state.files),
        as_of=state.as_of,
        files=state.files,
        software=software,
    )

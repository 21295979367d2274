"""The record as one SQLite file, written whole or not at all; after a death it is gone on with."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from hashlib import file_digest
from pathlib import Path

from crawler.exports.tables.present import export_manifest
from crawler.exports.tables.state import State, begun_state, require_unchanged, state_from, state_keys
from crawler.exports.tables.writing import actor, take_places
from crawler.exports.working import Working
from crawler.store.database import Connection
from crawler.store.queries.exports import (
    ExportedFile,
    ExportRow,
    record_span,
)
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
    upto, (span, policies) = row_bounds(connection), record_span(connection)
    first, last = span or (None, None)
    state = begun_state(
        connection,
        actor(),
        upto["decision"],
        first_seen=first,
        last_seen=last,
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

"""Writing an export of rows: piece by piece, gone on with after a death, whole files in the end or none."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from getpass import getuser
from hashlib import sha256
from itertools import chain, dropwhile, islice, takewhile
from pathlib import Path
from typing import Any, BinaryIO

from crawler.exports import Export, Piece, mode_of
from crawler.exports.tables.model import Selection, Table
from crawler.exports.tables.parts import Parts
from crawler.exports.tables.present import export_manifest
from crawler.exports.tables.state import State, begun_state, require_unchanged, state_from
from crawler.exports.working import Working
from crawler.present import Json, dumps
from crawler.store.database import Connection
from crawler.store.queries.exports import ExportedFile, ExportRow

MANIFEST = ".manifest.json"
STDOUT = "stdout"
PIECE = 50_000
"""Rows after which what was written is committed; a format that cannot append commits whole files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An export that is asked for."""

    table: Table[Any]
    form: Export
    selection: Selection
    software: str

    def asked(self) -> Json:
        """What must be the same for an interrupted export to be gone on with."""
        return {
            "table": self.table.schema_id,
            "format": self.form.name,
            "filter": self.selection.asked(),
            "software": self.software,
        }


def export_file(
    connection: Connection,
    order: Order,
    target: Path,
    *,
    enter: Callable[[ExportRow], None] = lambda made: None,
    restart: bool = False,
) -> ExportRow:
    """Write the rows to `target`, and beyond the format's bound to `<name>.part2<suffix>` and so on.

    Everything is written beside the target first; then the files take their places, the manifest last.
    An export of the same name is replaced with all its parts. One that was interrupted is gone on with
    after the last piece that was committed, and ends with the bytes it would have had. `enter` is told of
    the export once the files are in their places; after a death it may be told again. Raises
    ExportRefusedError where something else was begun there.
    """
    target = target.absolute()
    target.parent.mkdir(parents=True, exist_ok=True)
    with Working(target, restart=restart) as working:
        state = _gone_on_with(connection, order, working, target)
        parts = Parts(working, order.asked(), order.table, partial(part_name, target))
        if not state.written:
            state = _write(connection, order, parts, state)
        made = _made(order, state, target)
        take_places(working, target, state, _manifest(order, state, made))
        enter(made)
        working.clear()
    return made


def export_stream(connection: Connection, order: Order, stream: BinaryIO) -> ExportRow:
    """Write the rows to a stream, whatever their number, and say what was written."""
    state = begun_state(connection, actor(), order.table.newest(connection))
    counted = _Counted(stream)
    piece = Piece(about=_about(order, state))
    rows = _rows(connection, order, state)
    count = order.form.write(rows, counted, order.table, piece)  # type: ignore[arg-type]
    stream.flush()
    file = ExportedFile(name=STDOUT, bytes=counted.length, sha256=counted.digest.hexdigest(), rows=count)
    return _made(order, replace(state, files=(file,)), None)


def part_name(target: Path, number: int) -> str:
    """The name of a part; the first has the name that was asked for."""
    return target.name if number == 1 else f"{target.stem}.part{number}{target.suffix}"


def manifest_of(target: Path) -> Path:
    """Where the manifest of an export lies."""
    return target.with_name(target.name + MANIFEST)


def actor() -> str:
    """The account that runs this."""
    try:
        return getuser()
    except (OSError, KeyError, ImportError):  # a container may know no name for its user
        return "unknown"


def _gone_on_with(connection: Connection, order: Order, working: Working, target: Path) -> State:
    """The state to begin with: that of an interrupted export, else a fresh one."""
    found = working.load(order.asked())
    if found is None:
        working.clear()
        earlier = tuple(sorted(_earlier_parts(target)))
        return begun_state(connection, actor(), order.table.newest(connection), replaces=earlier)
    state = state_from(found)
    require_unchanged(connection, state)
    return state


def _write(connection: Connection, order: Order, parts: Parts, state: State) -> State:
    """Write every row that is still to be written; the state says what the files are."""
    rows, most = _rows(connection, order, state), order.form.max_rows
    head = list(islice(rows, 1))
    while head or not state.part:
        if not state.part or state.rows_of_part == most:
            state = parts.begin_part(state)
        room = None if most is None else most - state.rows_of_part
        sizes = [n for n in (PIECE if order.form.appends else None, room) if n is not None]
        rest = islice(rows, min(sizes) - len(head) if sizes else None)
        piece = Piece(is_first=not state.rows_of_part, about=_about(order, state))
        write = partial(_form, order, piece)
        state = parts.piece(state, write, chain(head, rest))
        connection.rollback()  # a reader of hours would keep the database from folding its log back
        head = list(islice(rows, 1))
    return parts.end(state)


def _form(order: Order, piece: Piece, rows: Iterable[Any], stream: BinaryIO) -> int:
    return order.form.write(rows, stream, order.table, piece)


def _rows(connection: Connection, order: Order, state: State) -> Iterator[Any]:
    """The rows that are still to come, as of the moment the export began: a crawl may go on meanwhile."""
    table, wanted = order.table, order.selection
    if table.until_begun:
        until = min(wanted.until or state.made_at, state.made_at)
        wanted = replace(wanted, until=until)
    number = table.number
    if number is None:
        return table.rows(connection, wanted)
    rows = table.rows(connection, replace(wanted, after=max(wanted.after, state.last - 1)))
    upto = takewhile(lambda row: number(row) <= state.newest, rows)
    # Several rows may share a number: those of the last one that were written already are left out.
    later = dropwhile(lambda row: number(row) < state.last, upto)
    return islice(later, state.of_last, None)


def _about(order: Order, state: State) -> dict[str, str]:
    """What a file says about itself, where its format has a place for it."""
    return {
        "forbear.schema": order.table.schema_id,
        "forbear.software": order.software,
        "forbear.filter": dumps(order.selection.asked()),
        "forbear.as_of": str(state.as_of),
        "forbear.checkpoint": dumps(state.checkpoint),
    }


def _made(order: Order, state: State, target: Path | None) -> ExportRow:
    return ExportRow(
        made_at=state.made_at,
        actor=state.actor,
        name=order.table.name,
        format=order.form.name,
        filter=order.selection.asked(),
        target=STDOUT if target is None else str(target),
        rows=sum(file.rows for file in state.files),
        as_of=state.as_of,
        files=state.files,
        software=order.software,
    )


def _manifest(order: Order, state: State, made: ExportRow) -> Json:
    return export_manifest(made, order.table.schema_id, state.checkpoint, state.time_range, state.policies)


def take_places(working: Working, target: Path, state: State, manifest: Json) -> None:
    """Move the files to their places; repeated after a death it moves what is still to be moved."""
    mode = mode_of(target)
    manifest_of(target).unlink(missing_ok=True)
    for file in state.files:
        path = working.path(file.name)
        if path.exists():
            path.chmod(mode)
            path.replace(target.with_name(file.name))
    for name in set(state.replaces) - {file.name for file in state.files}:
        target.with_name(name).unlink(missing_ok=True)
    fresh = working.path(manifest_of(target).name)
    fresh.write_text(dumps(manifest) + "\n", "utf-8")
    fresh.replace(manifest_of(target))


def _earlier_parts(target: Path) -> set[str]:
    """Parts that the manifest of an earlier export of this name tells of, and nothing else."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        told = json.loads(manifest_of(target).read_text("utf-8"))["files"]
        names = [str(file["name"]) for file in told]
        return {name for number, name in enumerate(names, 1) if name == part_name(target, number)}
    return set()


class _Counted(io.RawIOBase):
    """Passes bytes on and keeps their number and digest."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.digest = sha256()
        self.length = 0

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, data: Any) -> int:
        """Count, then pass on."""
        self.digest.update(data)
        self.length += len(data)
        self._stream.write(data)
        return len(data)

"""Writing an export of rows: whole files or none, with a manifest beside them."""

from __future__ import annotations

import io
import json
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from getpass import getuser
from hashlib import file_digest, sha256
from itertools import chain, islice, takewhile
from pathlib import Path
from typing import Any, BinaryIO

from crawler.exports import Export, mode_of
from crawler.exports.tables.model import Selection, Table
from crawler.exports.tables.present import export_manifest
from crawler.present import dumps
from crawler.store.database import Connection
from crawler.store.queries.exports import ExportedFile, ExportRow, last_checkpoint, last_decision

MANIFEST = ".manifest.json"
STDOUT = "stdout"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An export that is asked for."""

    table: Table[Any]
    form: Export
    selection: Selection
    software: str


def export_file(connection: Connection, order: Order, target: Path) -> ExportRow:
    """Write the rows to `target`, and beyond the format's bound to `<name>.part2<suffix>` and so on.

    Everything is written beside the target first; then the files take their places, the manifest
    last. An export of the same name is replaced with all its parts.
    """
    target = target.absolute()
    target.parent.mkdir(parents=True, exist_ok=True)
    made = _begun(connection, order, str(target))
    rows = _rows(connection, order, made.as_of)
    with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as name:
        files = []
        for number, part in enumerate(_parts(rows, order.form.max_rows), 1):
            path = Path(name) / part_name(target, number)
            with path.open("xb") as stream:
                count = order.form.write(part, stream, order.table)
                stream.flush()
                os.fsync(stream.fileno())
            files.append(_described(path, count))
        made = replace(made, rows=sum(file.rows for file in files), files=tuple(files))
        manifest = export_manifest(made, order.table.schema_id, last_checkpoint(connection))
        (Path(name) / manifest_of(target).name).write_text(dumps(manifest) + "\n", "utf-8")
        _take_places(Path(name), target, made)
    return made


def export_stream(connection: Connection, order: Order, stream: BinaryIO) -> ExportRow:
    """Write the rows to a stream, whatever their number, and say what was written."""
    made = _begun(connection, order, STDOUT)
    counted = _Counted(stream)
    count = order.form.write(_rows(connection, order, made.as_of), counted, order.table)  # type: ignore[arg-type]
    stream.flush()
    file = ExportedFile(name=STDOUT, bytes=counted.length, sha256=counted.digest.hexdigest(), rows=count)
    return replace(made, rows=count, files=(file,))


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


def _begun(connection: Connection, order: Order, target: str) -> ExportRow:
    return ExportRow(
        made_at=datetime.now(UTC),
        actor=actor(),
        name=order.table.name,
        format=order.form.name,
        filter=order.selection.asked(),
        target=target,
        rows=0,
        as_of=last_decision(connection),
        files=(),
        software=order.software,
    )


def _rows(connection: Connection, order: Order, as_of: int) -> Iterator[Any]:
    """The rows as of the decision the export began with: a crawl may go on meanwhile."""
    rows, number = order.table.rows(connection, order.selection), order.table.decision
    return rows if number is None else takewhile(lambda row: number(row) <= as_of, rows)


def _parts(rows: Iterable[Any], size: int | None) -> Iterator[Iterator[Any]]:
    """Rows in runs of at most `size`; at least one run, also where there are no rows."""
    iterator = iter(rows)
    head = list(islice(iterator, 1))
    while True:
        yield chain(head, islice(iterator, None if size is None else size - len(head)))
        head = list(islice(iterator, 1))
        if not head:
            return


def _described(path: Path, rows: int) -> ExportedFile:
    with path.open("rb") as stream:
        digest = file_digest(stream, "sha256").hexdigest()
    return ExportedFile(name=path.name, bytes=path.stat().st_size, sha256=digest, rows=rows)


def _take_places(folder: Path, target: Path, made: ExportRow) -> None:
    mode, old = mode_of(target), _earlier_parts(target)
    manifest_of(target).unlink(missing_ok=True)
    for file in made.files:
        (folder / file.name).chmod(mode)
        (folder / file.name).replace(target.with_name(file.name))
    for name in old - {file.name for file in made.files}:
        target.with_name(name).unlink(missing_ok=True)
    (folder / manifest_of(target).name).replace(manifest_of(target))


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

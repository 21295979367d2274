"""Daily dumps: the decisions of each day that is over, for everyone, in files that never change again.

`<day>/full.jsonl.zst` is the table of decisions, `<day>/light.jsonl.zst` that of decisions in short;
`SHA256SUMS` is for `sha256sum -c`, and `checkpoint` the signed head of the log when the dump was made
(https://c2sp.org/tlog-checkpoint). The same decisions give the same bytes.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from hashlib import file_digest
from itertools import chain, islice
from pathlib import Path
from typing import Any

from crawler.exports import Piece, discover
from crawler.exports.tables import Selection, Table, tables
from crawler.exports.tables.writing import PIECE
from crawler.store.database import Connection
from crawler.store.queries.exports import ExportedFile
from crawler.store.queries.log import last_checkpoint

FILES: Mapping[str, str] = {"full.jsonl.zst": "decisions", "light.jsonl.zst": "verdicts"}
"""Files of a day, with the table each holds."""
SUMS, CHECKPOINT = "SHA256SUMS", "checkpoint"
GRACE = timedelta(minutes=10)
"""How long after midnight a day is over: what was decided before may still be on its way to the record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dump:
    """A day that was dumped."""

    day: date
    files: tuple[ExportedFile, ...]
    is_new: bool
    """Whether there was none of that day before."""


def is_over(day: date, now: datetime) -> bool:
    """Whether nothing can be added to a day (UTC) any more."""
    return now >= _midnight(day) + timedelta(days=1) + GRACE


def is_there(folder: Path, day: date) -> bool:
    """Whether a day was dumped: its sums come last."""
    return (folder / day.isoformat() / SUMS).is_file()


def write_dump(connection: Connection, folder: Path, day: date) -> Dump | None:
    """Dump a day; None where it is there with the same content, which is then left as it is.

    A day that is there with other content is replaced as a whole: rows may have been taken out of the
    record since.
    """
    folder.mkdir(parents=True, exist_ok=True)
    fresh, target = folder / f".{day}.partial", folder / day.isoformat()
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir()
    files = tuple(_written(connection, fresh / name, tables()[table], day) for name, table in FILES.items())
    was_there = is_there(folder, day)
    if was_there and _sums(files) == "".join(_lines_of_files(target)):
        shutil.rmtree(fresh)
        return None
    _finish(connection, fresh, files)
    if target.exists():
        aside = folder / f".{day}.old"
        shutil.rmtree(aside, ignore_errors=True)
        target.rename(aside)
        fresh.rename(target)
        shutil.rmtree(aside)
    else:
        fresh.rename(target)
    return Dump(day=day, files=files, is_new=not was_there)


def _finish(connection: Connection, folder: Path, files: tuple[ExportedFile, ...]) -> None:
    """Add the checkpoint, where there is a log, and then the sums of everything."""
    text = _sums(files)
    newest = last_checkpoint(connection)
    if newest is not None:
        note = folder / CHECKPOINT
        note.write_text(newest.note, "utf-8")
        text += f"{_digest(note)}  {CHECKPOINT}\n"
    with (folder / SUMS).open("w", encoding="ascii") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())


def _written(connection: Connection, path: Path, table: Table[Any], day: date) -> ExportedFile:
    wanted = Selection(since=_midnight(day), until=_midnight(day + timedelta(days=1)))
    form, rows, count = discover()["jsonl.zst"], table.rows(connection, wanted), 0
    with path.open("xb") as stream:
        head: list[Any] = list(islice(rows, 1))
        while head or not count:
            piece = chain(head, islice(rows, PIECE - len(head)))
            count += form.write(piece, stream, table, Piece(is_first=not count))
            connection.rollback()  # a reader of hours would keep the database from folding its log back
            head = list(islice(rows, 1))
            if not head:
                break
        stream.flush()
        os.fsync(stream.fileno())
    return ExportedFile(name=path.name, bytes=path.stat().st_size, sha256=_digest(path), rows=count)


def _sums(files: tuple[ExportedFile, ...]) -> str:
    return "".join(f"{file.sha256}  {file.name}\n" for file in files)


def _lines_of_files(folder: Path) -> Iterator[str]:
    """The sums of the files that hold decisions, if these are still the files of the sums."""
    for line in (folder / SUMS).read_text("ascii", "replace").splitlines(keepends=True):
        digest, _, name = line.rstrip("\n").partition("  ")
        if name in FILES and (folder / name).is_file() and _digest(folder / name) == digest:
            yield line


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return file_digest(stream, "sha256").hexdigest()


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


__all__ = ["Dump", "is_over", "is_there", "write_dump"]

"""Appending to WARC files so that a process may die at any moment.

Order: `append`, `sync`, then the row that holds the Position is committed. On opening, `truncate_to`
cuts away what was written and never committed: no broken record is left, and no record without a
decision.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from crawler.store.warc.reading import WarcIntegrityError
from crawler.store.warc.records import About, Record, warcinfo_record

MAX_BYTES = 2**30
SUFFIX = ".warc.gz"
STORED, FAST = 0, 1
"""Levels: compressing again what came compressed makes it larger and takes fifteen times as long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Where a record lies."""

    file: str
    """Name within its folder."""
    offset: int
    length: int
    """Bytes of the whole gzip member."""

    @property
    def end(self) -> int:
        """The first byte after it."""
        return self.offset + self.length


class WarcFile:
    """A series of files `<prefix>-<n>.warc.gz` in a folder, begun anew by each process.

    `append` and `sync` may be called from different threads.
    """

    def __init__(self, folder: Path, prefix: str, about: About, max_bytes: int = MAX_BYTES) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._prefix = prefix
        self._about = about
        self._max_bytes = max_bytes
        self._number = _last_number(folder, prefix)
        self._lock = Lock()
        self._file = -1
        self._name = ""
        self._end = 0
        self._warcinfo: str | None = None
        self._dirty = False

    def append(self, record: Record) -> Position:
        """Write a record; when this returns, the death of the process does not harm it."""
        with self._lock:
            if self._file < 0 or self._end >= self._max_bytes:
                self._rotate(record)
            return self._write(record)

    def sync(self) -> None:
        """Have the disk hold everything appended so far. Call before the rows are committed."""
        with self._lock:
            if self._dirty:
                os.fsync(self._file)
                self._dirty = False

    def close(self) -> None:
        """Sync and close; a later `append` begins a new file."""
        self.sync()
        with self._lock:
            self._close()

    def _rotate(self, record: Record) -> None:
        self._close()
        self._number += 1
        self._name = f"{self._prefix}-{self._number:05d}{SUFFIX}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        self._file = os.open(self._folder / self._name, flags, 0o644)
        self._end, self._warcinfo = 0, None
        info = warcinfo_record(self._about, self._name, record.date)
        self._write(info)
        self._warcinfo = info.id
        _sync_folder(self._folder)

    def _write(self, record: Record) -> Position:
        member = gzip_member(record, self._warcinfo)
        start = self._end
        try:
            done = 0
            while done < len(member):
                done += os.write(self._file, memoryview(member)[done:])
        except OSError:
            os.ftruncate(self._file, start)  # a full disk must not leave half a record
            os.lseek(self._file, start, os.SEEK_SET)
            raise
        self._end += len(member)
        self._dirty = True
        return Position(file=self._name, offset=start, length=len(member))

    def _close(self) -> None:
        if self._file >= 0:
            if self._dirty:
                os.fsync(self._file)
            os.close(self._file)
            self._file, self._dirty = -1, False


def truncate_to(folder: Path, committed_end: Mapping[str, int]) -> list[str]:
    """Cut every file of a folder back to the end of its last committed record.

    `committed_end` names every file of the folder that a committed row points into, of whatever crawl;
    a file without any is removed. Answers the names of the files that changed. Raises
    WarcIntegrityError, having changed nothing, where a file is shorter than what was committed, or
    where the files are plainly not those of this record.
    """
    sizes = {path.name: path.stat().st_size for path in folder.glob("*" + SUFFIX)}
    for name, end in committed_end.items():
        if sizes.get(name, 0) < end:
            raise WarcIntegrityError(folder / name, sizes.get(name, 0), f"the record knows {end} bytes of it")
    unknown = sorted(sizes.keys() - committed_end.keys())
    if len(unknown) > 1:
        # One process leaves at most the file it had just begun; more means another database.
        what = f"the record knows none of {len(unknown)} files here; is the database the right one?"
        raise WarcIntegrityError(folder / unknown[0], 0, what)
    changed = sorted(name for name, size in sizes.items() if size > committed_end.get(name, 0))
    for name in changed:
        if name in committed_end:
            os.truncate(folder / name, committed_end[name])
        else:
            (folder / name).unlink()
    return changed


def gzip_member(record: Record, warcinfo_id: str | None = None) -> bytes:
    """A record as the one whole gzip member that Annex D of the standard asks for.

    The standard library's zlib: fastwarc 2.0.1 takes 95 us for the member of a 43 KB page that came
    compressed and 153 us at level 1, this 6 and 93 (`bench/warc.py`).
    """
    deflater = zlib.compressobj(STORED if record.compressed else FAST, zlib.DEFLATED, 31)
    data = record.head(warcinfo_id) + record.block + b"\r\n\r\n"
    return deflater.compress(data) + deflater.flush()


def _last_number(folder: Path, prefix: str) -> int:
    numbers = [path.name[len(prefix) + 1 : -len(SUFFIX)] for path in folder.glob(f"{prefix}-*{SUFFIX}")]
    return max((int(number) for number in numbers if number.isdecimal()), default=-1)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

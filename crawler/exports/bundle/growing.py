"""A bundle while it grows: after a death it is gone on with.

The WARC file grows record by record, a piece at a time; the other files, which are made from rows, are
written whole, each once.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import file_digest
from itertools import islice, takewhile
from pathlib import Path
from typing import Any, BinaryIO

from crawler.exports import discover
from crawler.exports.bundle import cdxj
from crawler.exports.bundle.archive import Archive, begin_archive, write_archive
from crawler.exports.tables import Selection, tables
from crawler.exports.tables.state import State, begun_state, require_unchanged, state_from, state_keys
from crawler.exports.tables.writing import actor
from crawler.exports.working import Working
from crawler.present import Json
from crawler.store.database import Connection
from crawler.store.queries.exports import ExportedFile, ExportRow
from crawler.store.queries.holdings import holdings, last_observation
from crawler.store.queries.lookup import LookupFilter, lookup
from crawler.store.warc import About

WARC, CDXJ, README, MANIFEST = "evidence.warc.gz", "evidence.cdxj", "README.txt", "manifest.json"
ROWS = ("decisions", "reservations", "exclusions")
"""Tables of which a bundle has the rows about its domain."""
NAME = "evidence"
FOLDER, LINES, BOUNDS = "new", "lines", "bounds"
"""In the working folder and its state: what will be handed over; lines of the index; bounds of rows."""
PIECE = 1000
"""Records after which what was written is committed."""

_README = """What the record of {operator} holds about {domain}, as of {moment}.

{warc}       every answer that was kept: robots.txt and the other files that reserve rights, as
                       received; kept documents; of pages that were left out, the header and the
                       elements that carry reservations, as metadata records
{cdxj}          the index of these records, for pywb and other players
decisions.jsonl        what was settled about each URL, when, and why; one JSON object a line
reservations.jsonl     the reservations that were seen, with their words
exclusions.jsonl       every reason that left a URL out
manifest.json          size and SHA-256 of each file

A name such as sha256 in a row is the digest of the bytes that were read: hold it against your own copy.
WARC files are read by pywb, warcio, and every other tool for web archives.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """A bundle that is asked for."""

    domain: str
    """Registrable domain."""
    data: Path
    about: About
    documents: bool = True
    """Whether kept documents themselves are handed over."""

    def asked(self) -> Json:
        """What must be the same for an interrupted bundle to be gone on with."""
        filtered = {"domain": self.domain, "documents": self.documents}
        return {"table": NAME, "format": "warc", "filter": filtered, "software": self.about.software}


def begun(connection: Connection, wanted: Bundle, working: Working) -> Growing:
    """The bundle as an interrupted process left it, or one that begins now. Raises ExportRefusedError."""
    found = working.load(wanted.asked())
    if found is not None:
        state = state_from(found)
        require_unchanged(connection, state)
        return Growing(connection, wanted, working, state, found[BOUNDS], found[LINES])
    working.clear()
    until = lookup(connection, LookupFilter(subject=wanted.domain)).recorded_until
    state = begun_state(connection, actor(), last_observation(connection), last_seen=until)
    newest = {name: tables()[name].newest(connection) for name in ROWS}
    return Growing(connection, wanted, working, state, newest)


class Growing:
    """A bundle between two pieces."""

    def __init__(
        self,
        connection: Connection,
        wanted: Bundle,
        working: Working,
        state: State,
        newest: Mapping[str, int],
        lines: int = 0,
    ) -> None:
        self._connection = connection
        self._wanted = wanted
        self._working = working
        self.state = state
        self._newest = dict(newest)
        self._lines = lines
        """Bytes of the lines of the index, which are sorted once all are there."""

    def made(self, target: Path) -> ExportRow:
        """What is entered in the record."""
        asked, state = self._wanted.asked(), self.state
        return ExportRow(
            made_at=state.made_at,
            actor=state.actor,
            name=NAME,
            format=asked["format"],
            filter=asked["filter"],
            target=str(target),
            rows=sum(file.rows for file in state.files),
            as_of=state.as_of,
            files=state.files,
            software=self._wanted.about.software,
        )

    def write_all(self) -> None:
        """Write every file that is not complete."""
        known = {file.name for file in self.state.files}
        for name, write in self._files():
            if name not in known:
                rows = write(self._working.path(FOLDER) / name)
                self._save(replace(self.state, files=(*self.state.files, self._described(name, rows))))
        self._save(replace(self.state, written=True))

    def _files(self) -> Iterator[tuple[str, Callable[[Path], int]]]:
        yield WARC, self._archive
        yield CDXJ, self._index
        for name in ROWS:
            yield f"{name}.jsonl", lambda path, name=name: self._rows(name, path)  # type: ignore[misc]
        yield README, self._readme

    @property
    def _date(self) -> datetime:
        return self.state.last_seen or datetime.fromtimestamp(0, UTC)

    def _archive(self, path: Path) -> int:
        wanted = self._wanted
        archive = Archive(
            data=wanted.data, name=WARC, about=wanted.about, date=self._date, documents=wanted.documents
        )
        rest = holdings(self._connection, wanted.domain, after=self.state.last, upto=self.state.newest)
        size = self.state.bytes_of_part
        with _opened(path, size) as stream, _opened(self._lines_file, self._lines) as lines:
            if not size:
                begin_archive(archive, stream)
            while some := list(islice(rest, PIECE)):
                for line in write_archive(archive, some, stream):
                    lines.write(line.encode("ascii") + b"\n")
                self._lines, size = _on_disk(lines), _on_disk(stream)
                count = self.state.rows_of_part + len(some)
                self._save(replace(self.state, last=some[-1].id, rows_of_part=count, bytes_of_part=size))
        return self.state.rows_of_part

    @property
    def _lines_file(self) -> Path:
        return self._working.path(LINES)

    def _index(self, path: Path) -> int:
        lines = self._lines_file.read_bytes()[: self._lines].decode("ascii").splitlines()
        path.write_bytes(cdxj.index(lines))
        return len(lines)

    def _rows(self, name: str, path: Path) -> int:
        table = tables()[name]
        with path.open("wb") as stream:
            rows: Iterable[Any] = table.rows(self._connection, Selection(domain=self._wanted.domain))
            if (number := table.number) is not None:
                rows = takewhile(lambda row: number(row) <= self._newest[name], rows)
            return discover()["jsonl"].write(rows, stream, table)

    def _readme(self, path: Path) -> int:
        about = self._wanted.about
        text = _README.format(
            operator=about.operator or about.user_agent,
            domain=self._wanted.domain,
            moment=f"{self._date:%d %B %Y, %H:%M UTC}",
            warc=WARC,
            cdxj=CDXJ,
        )
        path.write_bytes(text.encode())
        return 0

    def _described(self, name: str, rows: int) -> ExportedFile:
        path = self._working.path(FOLDER) / name
        with path.open("rb+") as stream:
            digest = file_digest(stream, "sha256").hexdigest()
            os.fsync(stream.fileno())
        return ExportedFile(name=name, bytes=path.stat().st_size, sha256=digest, rows=rows)

    def _save(self, state: State) -> None:
        self.state = state
        kept = state_keys(state) | {BOUNDS: self._newest, LINES: self._lines}
        self._working.save(self._wanted.asked(), kept)


def _on_disk(stream: BinaryIO) -> int:
    """Everything that was written is on disk; the size of the file."""
    stream.flush()
    os.fsync(stream.fileno())
    return stream.tell()


def _opened(path: Path, size: int) -> BinaryIO:
    """A file that is written on from a size, whatever a dead process wrote beyond."""
    stream = path.open("r+b" if path.exists() else "w+b")
    stream.truncate(size)
    stream.seek(size)
    return stream

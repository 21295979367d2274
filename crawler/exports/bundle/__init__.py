"""Everything on one domain, in a folder to be handed over: WARC, its index, and the rows about it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import file_digest
from pathlib import Path
from typing import Any

from crawler.exports import discover
from crawler.exports.bundle import cdxj
from crawler.exports.bundle.archive import Archive, write_archive
from crawler.exports.dataset import ExportRefusedError
from crawler.exports.tables import Selection, tables
from crawler.exports.tables.present import export_manifest, head_of_log
from crawler.exports.tables.writing import actor
from crawler.present import dumps
from crawler.store.database import Connection
from crawler.store.queries.exports import ExportedFile, ExportRow, last_checkpoint, last_decision
from crawler.store.queries.holdings import holdings
from crawler.store.queries.lookup import LookupFilter, lookup
from crawler.store.warc import About

WARC, CDXJ, README, MANIFEST = "evidence.warc.gz", "evidence.cdxj", "README.txt", "manifest.json"
ROWS = ("decisions", "reservations", "exclusions")
"""Tables of which a bundle has the rows about its domain."""
NAME = "evidence"

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


def write_bundle(connection: Connection, wanted: Bundle, target: Path) -> ExportRow:
    """Write the bundle as a new folder: all of it or nothing.

    Raises ExportRefusedError where the target holds anything, WarcIntegrityError where a stored
    record is damaged.
    """
    target = target.absolute()
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise ExportRefusedError(f"{target} is not empty; name a new folder")
    target.parent.mkdir(parents=True, exist_ok=True)
    made = _begun(connection, wanted, target)
    with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as name:
        folder = Path(name) / "new"
        folder.mkdir()
        files = tuple(_files(connection, wanted, folder))
        made = replace(made, files=files, rows=sum(file.rows for file in files))
        manifest = export_manifest(made, None, head_of_log(last_checkpoint(connection)))
        (folder / MANIFEST).write_text(dumps(manifest) + "\n", "utf-8")
        folder.replace(target)
    return made


def _begun(connection: Connection, wanted: Bundle, target: Path) -> ExportRow:
    return ExportRow(
        made_at=datetime.now(UTC),
        actor=actor(),
        name=NAME,
        format="warc",
        filter={"domain": wanted.domain, "documents": wanted.documents},
        target=str(target),
        rows=0,
        as_of=last_decision(connection),
        files=(),
        software=wanted.about.software,
    )


def _files(connection: Connection, wanted: Bundle, folder: Path) -> Iterator[ExportedFile]:
    until = lookup(connection, LookupFilter(subject=wanted.domain)).recorded_until
    date = until or datetime.fromtimestamp(0, UTC)
    archive = Archive(data=wanted.data, name=WARC, about=wanted.about, date=date, documents=wanted.documents)
    lines: list[str] = []

    def records(path: Path) -> int:
        with path.open("xb") as stream:
            count, found = write_archive(archive, holdings(connection, wanted.domain), stream)
        lines.extend(found)
        return count

    yield _made(folder / WARC, records)
    yield _made(folder / CDXJ, lambda path: _written(path, cdxj.index(lines), len(lines)))
    for name in ROWS:
        yield _made(folder / f"{name}.jsonl", _rows(connection, tables()[name], wanted.domain))
    readme = _README.format(
        operator=wanted.about.operator or wanted.about.user_agent,
        domain=wanted.domain,
        moment=f"{date:%d %B %Y, %H:%M UTC}",
        warc=WARC,
        cdxj=CDXJ,
    )
    yield _made(folder / README, lambda path: _written(path, readme.encode(), 0))


def _rows(connection: Connection, table: Any, domain: str) -> Callable[[Path], int]:
    def write(path: Path) -> int:
        with path.open("xb") as stream:
            rows = table.rows(connection, Selection(domain=domain))
            return discover()["jsonl"].write(rows, stream, table)

    return write


def _written(path: Path, content: bytes, rows: int) -> int:
    path.write_bytes(content)
    return rows


def _made(path: Path, write: Callable[[Path], int]) -> ExportedFile:
    rows = write(path)
    with path.open("rb") as stream:
        digest = file_digest(stream, "sha256").hexdigest()
    return ExportedFile(name=path.name, bytes=path.stat().st_size, sha256=digest, rows=rows)

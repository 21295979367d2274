"""Reading an export that was made earlier: is it whole, and where in it is which document?"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path
from typing import Any

from crawler.exports.dataset.export import KIND, MANIFEST
from crawler.present import Json, moment

Keys = frozenset[str]


class EarlierExportError(Exception):
    """A folder that is no export, or not the one its manifest tells of; says which file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """A document in an export."""

    file: str
    key: str
    """What the document is known by: see `key_of`."""
    url: str
    at: Mapping[str, int]
    """Where in the file, in the terms of its format."""


def key_of(url: str, kept_at: str) -> str:
    """A document is known by its URL and the moment it was kept, which every format carries."""
    return f"{kept_at} {url}"


def spots(folder: Path) -> Iterator[Spot]:
    """Every document of an export, file by file.

    Raises EarlierExportError where the folder holds no export, or a file is not the one whose digest
    the manifest has: positions in it would be wrong.
    """
    manifest = read_manifest(folder)
    read = _READERS.get(str(manifest.get("format")))
    if read is None:
        raise EarlierExportError(f"{folder}: no export of format {manifest.get('format')!r} is known")
    for file in manifest["files"]:
        path = folder / str(file["name"])
        _check(path, str(file["sha256"]))
        yield from read(path)


def read_manifest(folder: Path) -> Json:
    """The manifest of an export. Raises EarlierExportError."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
        files = [(str(f["name"]), str(f["sha256"])) for f in manifest["files"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EarlierExportError(f"{folder}: holds no manifest of an export ({error})") from error
    if manifest.get("kind") != KIND or any(Path(name).name != name for name, _ in files):
        raise EarlierExportError(f"{folder}: {MANIFEST} is not that of a dataset export")
    return dict(manifest)


def _check(path: Path, sha256: str) -> None:
    try:
        with path.open("rb") as stream:
            found = file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise EarlierExportError(f"{path}: cannot be read ({error.strerror})") from error
    if found != sha256:
        raise EarlierExportError(f"{path}: is not the file of the manifest (sha256 {found})")


def _jsonl(path: Path) -> Iterator[Spot]:
    with path.open("rb") as stream:
        for line, text in enumerate(stream, 1):
            row = json.loads(text)
            yield _spot(path, row["url"], row["kept_at"], {"line": line})


def _parquet(path: Path) -> Iterator[Spot]:
    from pyarrow import parquet as pq  # type: ignore[import-untyped]

    row = 0
    for batch in pq.ParquetFile(path).iter_batches(columns=["url", "kept_at"]):
        for found in batch.to_pylist():
            yield _spot(path, found["url"], moment(found["kept_at"]), {"row": row})
            row += 1


def _warc(path: Path) -> Iterator[Spot]:
    from fastwarc.warc import ArchiveIterator, WarcRecordType

    with path.open("rb") as stream:
        begun: tuple[int, str, str] | None = None
        for record in ArchiveIterator(stream, parse_http=False, record_types=WarcRecordType.any_type):
            if begun is not None:
                yield _member(path, begun, record.stream_pos)
            begun = None
            if record.record_type == WarcRecordType.response:
                headers = record.headers
                begun = (record.stream_pos, headers["WARC-Target-URI"], headers["WARC-Date"])
    if begun is not None:
        yield _member(path, begun, path.stat().st_size)


def _member(path: Path, begun: tuple[int, str, str], end: int) -> Spot:
    offset, url, date = begun
    return _spot(path, url, date, {"offset": offset, "length": end - offset})


def _spot(path: Path, url: Any, kept_at: Any, at: Mapping[str, int]) -> Spot:
    return Spot(file=path.name, key=key_of(str(url), str(kept_at)), url=str(url), at=at)


_READERS: Mapping[str, Callable[[Path], Iterator[Spot]]] = {
    "jsonl": _jsonl,
    "parquet": _parquet,
    "warc": _warc,
}

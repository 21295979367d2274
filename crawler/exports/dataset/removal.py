"""Removal lists: what was taken back, in the keys by which earlier exports know it, and the proof."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import file_digest
from pathlib import Path

from crawler.exports.dataset.earlier import Spot, key_of, spots
from crawler.exports.dataset.export import MANIFEST
from crawler.exports.dataset.removal_proof import RemovalProof
from crawler.exports.tables.present import exported_file, withdrawal
from crawler.exports.working import ExportRefusedError
from crawler.present import Json, dumps, moment
from crawler.store.queries.exports import ExportedFile
from crawler.store.queries.withdrawals import WithdrawnRow
from crawler.store.warc import Extract, metadata_record

KIND = "forbear-removal/1"
REMOVALS, URLS, DIGESTS = "removals.jsonl", "urls.txt", "sha256.txt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """What is taken back."""

    rows: Sequence[WithdrawnRow]
    when: datetime
    reason: str
    actor: str
    software: str
    proof: RemovalProof = field(default_factory=lambda: RemovalProof(last={}))
    earlier: Sequence[Path] = ()
    """Folders of earlier exports, whose own positions are wanted."""


def write_removal(removal: Removal, target: Path) -> tuple[ExportedFile, ...]:
    """Write the lists as a new folder, all of it or nothing.

    Raises ExportRefusedError where the target holds anything, EarlierExportError where an earlier
    export is not what its manifest says.
    """
    target = target.absolute()
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise ExportRefusedError(f"{target} is not empty; name a new folder")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as name:
        folder = Path(name) / "new"
        folder.mkdir()
        files = [_file(folder / each, lines) for each, lines in _lists(removal)]
        files += [_file(folder / each, lines) for each, lines in removal.proof.files()]
        found = {each: _found(removal, each) for each in removal.earlier}
        for number, (each, hits) in enumerate(found.items(), 1):
            lines = [_located(each, spot) for spot in hits]
            files.append(_file(folder / f"in-export-{number}.jsonl", lines))
        _write(folder / MANIFEST, [dumps(_manifest(removal, files, found))])
        folder.replace(target)
    return tuple(files)


def still_there(rows: Iterator[WithdrawnRow] | Sequence[WithdrawnRow], folder: Path) -> tuple[Spot, ...]:
    """Withdrawn documents that an export holds all the same. Raises EarlierExportError."""
    wanted = _keys(rows)
    return tuple(spot for spot in spots(folder) if spot.key in wanted)


def _found(removal: Removal, folder: Path) -> tuple[Spot, ...]:
    return still_there(removal.rows, folder)


def _keys(rows: Iterator[WithdrawnRow] | Sequence[WithdrawnRow]) -> set[str]:
    """Both spellings of a URL: as it was, and as a WARC header has it."""
    keys = set()
    for row in rows:
        when = moment(row.kept_at)
        keys |= {key_of(row.url, when), key_of(_target_uri(row.url), when)}
    return keys


def _target_uri(url: str) -> str:
    """The URL as the header of a WARC record has it."""
    extract = Extract(url=url, date=datetime.now(UTC), media_type="", content=b"")
    return dict(metadata_record(extract).fields)["WARC-Target-URI"]


def _lists(removal: Removal) -> Iterator[tuple[str, list[str]]]:
    told = [
        {
            **withdrawal(row),
            "withdrawn_at": moment(removal.when),
            "reason": removal.reason,
            "left_out_by": removal.proof.left_out_by(row),
        }
        for row in removal.rows
    ]
    yield REMOVALS, [dumps(row) for row in told]
    yield URLS, [_target_uri(row.url) for row in removal.rows]
    yield DIGESTS, sorted({row.body_sha256 for row in removal.rows})


def _located(folder: Path, spot: Spot) -> str:
    return dumps({"export": str(folder), "file": spot.file, **spot.at, "url": spot.url})


def _manifest(removal: Removal, files: Sequence[ExportedFile], found: Mapping[Path, Sequence[Spot]]) -> Json:
    return {
        "kind": KIND,
        "withdrawn_at": moment(removal.when),
        "reason": removal.reason,
        "actor": removal.actor,
        "software": removal.software,
        "documents": len(removal.rows),
        "bytes": sum(row.bytes for row in removal.rows),
        "log": removal.proof.log,
        "earlier": [{"export": str(folder), "documents": len(hits)} for folder, hits in found.items()],
        "files": [exported_file(file) for file in files],
    }


def _file(path: Path, lines: Sequence[str]) -> ExportedFile:
    _write(path, lines)
    with path.open("rb") as stream:
        digest = file_digest(stream, "sha256").hexdigest()
    return ExportedFile(name=path.name, bytes=path.stat().st_size, sha256=digest, rows=len(lines))


def _write(path: Path, lines: Sequence[str]) -> None:
    with path.open("xb") as stream:
        stream.write("".join(line + "\n" for line in lines).encode("utf-8", "backslashreplace"))
        stream.flush()
        os.fsync(stream.fileno())

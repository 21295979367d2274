"""Writing an export into a folder: all of it or nothing, and never over somebody's files."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager
from hashlib import file_digest
from pathlib import Path
from typing import BinaryIO

from crawler.exports.dataset.documents import checked
from crawler.exports.dataset.main_text import extractor
from crawler.exports.dataset.model import Add, Dataset, DatasetFormat, Document, ExportFile, Manifest
from crawler.exports.working import ExportRefusedError
from crawler.present import Json, dumps, moment

MANIFEST = "manifest.json"
KIND = "forbear-dataset/1"
PART_BYTES = 2**30
"""Size at which the next file is begun."""


def export_dataset(
    dataset: Dataset, form: DatasetFormat, target: Path, *, force: bool = False, part_bytes: int = PART_BYTES
) -> Manifest:
    """Write a dataset as a new folder.

    Everything is written beside the target first, so that a reader sees the old folder or the new one.
    `force` replaces an earlier export, and nothing else. Raises ExportRefusedError where the target
    holds anything, WarcIntegrityError where a stored document is damaged; then nothing has changed.
    """
    if dataset.main_text and not form.has_text:
        raise ExportRefusedError(f"{form.name} has no place for main text; choose jsonl or parquet")
    target = target.absolute()
    _refuse_if_used(target, force=force)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as name:
        fresh = Path(name) / "new"
        fresh.mkdir()
        manifest = _write(dataset, form, fresh, part_bytes)
        (fresh / MANIFEST).write_text(dumps(manifest_keys(manifest)) + "\n", "utf-8")
        _replace(target, fresh, Path(name) / "old")
    return manifest


def manifest_keys(manifest: Manifest) -> Json:
    """The manifest under JSON's names."""
    return {
        "kind": KIND,
        "format": manifest.format,
        "kept_as_of": moment(manifest.moment),
        "software": manifest.software,
        "operator": manifest.operator,
        "documents": manifest.documents,
        "bytes": manifest.bytes,
        "left_out": [
            {"verdict": row.verdict, "reason": row.reason or None, "documents": row.documents}
            for row in manifest.left_out
        ],
        **({"main_text": manifest.extractor} if manifest.extractor else {}),
        "files": [
            {"name": f.name, "bytes": f.bytes, "sha256": f.sha256, "documents": f.documents}
            for f in manifest.files
        ],
    }


class _Source:
    """Documents one at a time, with a look at whether there is another."""

    def __init__(self, documents: Iterator[Document]) -> None:
        self._documents = documents
        self._next = next(documents, None)
        self.bytes = 0

    def __bool__(self) -> bool:
        return self._next is not None

    def take(self) -> Document:
        document, self._next = self._next, next(self._documents, None)
        assert document is not None
        self.bytes += len(document.body)
        return document


def _write(dataset: Dataset, form: DatasetFormat, folder: Path, part_bytes: int) -> Manifest:
    source = _Source(checked(dataset))
    files: list[ExportFile] = []
    while source or not files:
        path = folder / f"dataset-{len(files):05d}{form.suffix}"
        with path.open("xb") as stream:
            count = _fill(stream, form.open(stream, path.name, dataset), source, part_bytes)
        files.append(_described(path, count))
    return Manifest(
        format=form.name,
        moment=dataset.moment,
        software=dataset.about.software,
        operator=dataset.about.operator,
        documents=sum(file.documents for file in files),
        bytes=source.bytes,
        files=tuple(files),
        left_out=dataset.left_out,
        extractor=extractor() if dataset.main_text else None,
    )


def _fill(stream: BinaryIO, begun: AbstractContextManager[Add], source: _Source, part_bytes: int) -> int:
    count = 0
    with begun as add:
        while source and (not count or stream.tell() < part_bytes):
            add(source.take())
            count += 1
    stream.flush()
    os.fsync(stream.fileno())
    return count


def _described(path: Path, documents: int) -> ExportFile:
    with path.open("rb") as stream:
        digest = file_digest(stream, "sha256").hexdigest()
    return ExportFile(name=path.name, bytes=path.stat().st_size, sha256=digest, documents=documents)


def _replace(target: Path, fresh: Path, aside: Path) -> None:
    try:
        if target.exists():
            target.rename(aside)
        fresh.rename(target)
    except OSError as error:
        if aside.exists() and not target.exists():
            aside.rename(target)
        raise ExportRefusedError(
            f"{target} cannot be replaced ({error.strerror}); name another folder"
        ) from error


def _refuse_if_used(target: Path, *, force: bool) -> None:
    if not target.exists():
        return
    if not target.is_dir():
        raise ExportRefusedError(f"{target} is a file; name a folder")
    found = {path.name for path in target.iterdir()}
    if found and not force:
        raise ExportRefusedError(f"{target} is not empty; --force replaces an earlier export")
    foreign = sorted(found - _files_of_export(target))
    if foreign:
        raise ExportRefusedError(
            f"{target} holds {foreign[0]}, which is no part of an export; it is left alone"
        )


def _files_of_export(folder: Path) -> set[str]:
    try:
        manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
        if manifest["kind"] == KIND:
            return {MANIFEST, *(str(file["name"]) for file in manifest["files"])}
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return set()

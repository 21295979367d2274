"""Writing an export into a folder: all of it or nothing, and never over somebody's files."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from hashlib import file_digest
from pathlib import Path
from typing import BinaryIO

from crawler.exports.dataset.documents import checked
from crawler.exports.dataset.main_text import extractor
from crawler.exports.dataset.model import Add, Dataset, DatasetFormat, Document, ExportFile, Manifest
from crawler.exports.dataset.progress import Growing, Progress
from crawler.exports.working import ExportRefusedError, Working
from crawler.present import Json, dumps, moment

MANIFEST = "manifest.json"
KIND = "forbear-dataset/1"
PART_BYTES = 2**30
"""Size at which the next file is begun."""


def export_dataset(
    dataset: Dataset,
    form: DatasetFormat,
    target: Path,
    *,
    force: bool = False,
    part_bytes: int | None = None,
    begun: tuple[Growing, Progress] | None = None,
) -> Manifest:
    """Write a dataset as a new folder.

    Everything is written beside the target first, so that a reader sees the old folder or the new one.
    `force` replaces an earlier export, and nothing else. `begun` is where the parts grow, and how far an
    interrupted export came: then the dataset's documents are those that come after. Raises
    ExportRefusedError where the target holds anything, WarcIntegrityError where a stored document is
    damaged; then nothing has changed.
    """
    if dataset.main_text and not form.has_text:
        raise ExportRefusedError(f"{form.name} has no place for main text; choose jsonl or parquet")
    target, part_bytes = target.absolute(), part_bytes or PART_BYTES
    if begun is None:
        target.parent.mkdir(parents=True, exist_ok=True)
        with Working(target, restart=True) as working:
            fresh = Progress(moment=dataset.moment, as_of=dataset.as_of, mark="")
            made = _exported(dataset, form, target, part_bytes, (Growing(working, {}), fresh), force=force)
            working.clear()
            return made
    return _exported(dataset, form, target, part_bytes, begun, force=force)


def _exported(
    dataset: Dataset,
    form: DatasetFormat,
    target: Path,
    part_bytes: int,
    begun: tuple[Growing, Progress],
    *,
    force: bool,
) -> Manifest:
    growing, progress = begun
    is_placed = progress.written and not growing.parts.exists()
    if not is_placed:
        _refuse_if_used(target, force=force)
    growing.prepare(progress)
    if not progress.written:
        try:
            progress = _write(dataset, form, growing, progress, part_bytes)
        except Exception:
            growing.abandon()
            raise
    manifest = _manifest(dataset, form, progress)
    if not is_placed:
        (growing.parts / MANIFEST).write_text(dumps(manifest_keys(manifest)) + "\n", "utf-8")
        try:
            growing.take_place(target)
        except OSError as error:
            raise ExportRefusedError(
                f"{target} cannot be replaced ({error.strerror}); name another folder"
            ) from error
    return manifest


def manifest_keys(manifest: Manifest) -> Json:
    """The manifest under JSON's names."""
    return {
        "kind": KIND,
        "format": manifest.format,
        "kept_as_of": moment(manifest.moment),
        "software": manifest.software,
        "operator": manifest.operator,
        "actor": manifest.actor,
        "filter": dict(manifest.filter),
        "as_of": manifest.as_of,
        "checkpoint": manifest.checkpoint,
        "time_range": None if manifest.time_range is None else [moment(m) for m in manifest.time_range],
        "policies": list(manifest.policies),
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
    """Documents one at a time, with a look at whether there is another, and what was taken of them."""

    def __init__(self, documents: Iterator[Document], progress: Progress) -> None:
        self._documents = documents
        self._next = next(documents, None)
        self.progress = progress

    def __bool__(self) -> bool:
        return self._next is not None

    def take(self) -> Document:
        document, self._next = self._next, next(self._documents, None)
        assert document is not None
        row, so_far = document.row, self.progress
        self.progress = replace(
            so_far,
            after=row.decision_id,
            bytes=so_far.bytes + len(document.body),
            first=min(so_far.first or row.kept_at, row.kept_at),
            last=max(so_far.last or row.kept_at, row.kept_at),
            crawls=so_far.crawls if row.crawl_id in so_far.crawls else (*so_far.crawls, row.crawl_id),
        )
        return document


def _write(
    dataset: Dataset, form: DatasetFormat, growing: Growing, progress: Progress, part_bytes: int
) -> Progress:
    source = _Source(checked(dataset), progress)
    while source or not source.progress.files:
        number = len(source.progress.files)
        path = growing.parts / f"dataset-{number:05d}{form.suffix}"
        fresh = path.with_name(f"{path.name}.new")
        with fresh.open("xb") as stream:
            count = _fill(stream, form.open(stream, path.name, dataset), source, part_bytes)
        fresh.replace(path)
        source.progress = replace(source.progress, files=(*source.progress.files, _described(path, count)))
        growing.save(source.progress)
    done = replace(source.progress, written=True)
    growing.save(done)
    return done


def _manifest(dataset: Dataset, form: DatasetFormat, progress: Progress) -> Manifest:
    policies = (dataset.policies.get(number, "") for number in progress.crawls)
    return Manifest(
        format=form.name,
        moment=dataset.moment,
        software=dataset.about.software,
        operator=dataset.about.operator,
        actor=dataset.actor,
        filter=dataset.filter,
        as_of=dataset.as_of,
        checkpoint=dataset.checkpoint,
        time_range=(progress.first, progress.last) if progress.first and progress.last else None,
        policies=tuple(sorted({p for p in policies if p})),
        documents=sum(file.documents for file in progress.files),
        bytes=progress.bytes,
        files=progress.files,
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

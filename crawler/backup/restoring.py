"""Verifying a backup, and putting an instance back from it, once every digest has been found right."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from crawler.backup.archive import CHUNK, ArchiveError, DamagedError, Readable, copy, reading
from crawler.backup.manifest import DATABASES, MAX_BYTES, NAME, File, Manifest, ManifestError, from_json
from crawler.store.copying import POSTGRESQL, SQLITE, make_ready, put_back, require_empty
from crawler.store.migrations import head, known

MAX_PROBLEMS = 20


class RefusedError(Exception):
    """A backup cannot be put back there, or by this release; the message says what would help."""


def verify_backup(source: Path) -> Manifest:
    """Check every file of a backup against its manifest. Raises ArchiveError or DamagedError."""
    seen: dict[str, tuple[int, str]] = {}
    manifest: Manifest | None = None
    for name, stream in reading(source):
        if name == NAME:
            manifest = _manifest(source, stream)
        elif name in seen:
            raise DamagedError(f"{source}: {name} is in it twice")
        else:
            seen[name] = _digest(stream)
    if manifest is None:
        raise DamagedError(f"{source}: no {NAME}; it is no backup, or was cut off")
    problems = list(_problems(manifest, seen))
    if problems:
        more = f", and {len(problems) - MAX_PROBLEMS} more" if len(problems) > MAX_PROBLEMS else ""
        raise DamagedError(f"{source}: " + ", ".join(problems[:MAX_PROBLEMS]) + more)
    return manifest


def restore(source: Path, data: Path, database: str = "") -> Manifest:
    """Put an instance into a new or empty folder, and into an empty PostgreSQL database if it had one.

    Raises ArchiveError, DamagedError, RefusedError or DatabaseError.
    """
    if data.exists() and (not data.is_dir() or any(data.iterdir())):
        raise RefusedError(f"{data} is not empty; name a new folder with --data")
    manifest = verify_backup(source)
    _require_fit(manifest, database)
    part = data.with_name(data.name + ".part")
    try:
        if part.exists():
            shutil.rmtree(part)
        _unpack(source, part, {file.name: file for file in manifest.files})
        if manifest.database == POSTGRESQL:
            archive = part / DATABASES[POSTGRESQL]
            put_back(archive, database)
            archive.unlink()
        else:
            make_ready(part / DATABASES[SQLITE])
        if data.exists():
            data.rmdir()
        part.replace(data)
    except OSError as error:
        raise ArchiveError(f"{data} cannot be written: {error.strerror or error}") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return manifest


def _require_fit(manifest: Manifest, database: str) -> None:
    if not known(manifest.schema):
        raise RefusedError(
            f"a newer release made this backup (schema {manifest.schema}, this one has {head()}); "
            "install that release"
        )
    if manifest.database == POSTGRESQL:
        if not database:
            raise RefusedError("the record was in PostgreSQL: name an empty database with --database URL")
        require_empty(database)
    elif database:
        raise RefusedError("the record was in SQLite and goes into the data folder; leave out --database")


def _unpack(source: Path, target: Path, files: dict[str, File]) -> None:
    target.mkdir(mode=0o700, parents=True)
    for name, stream in reading(source):
        if name in files:
            copy(stream, target / name, files[name].mode)


def _digest(stream: Readable) -> tuple[int, str]:
    """How many bytes a stream has, and their SHA-256."""
    running, size = sha256(), 0
    while data := stream.read(CHUNK):
        running.update(data)
        size += len(data)
    return size, running.hexdigest()


def _manifest(source: Path, stream: Readable) -> Manifest:
    try:
        return from_json(stream.read(MAX_BYTES))
    except ManifestError as error:
        raise DamagedError(f"{source}: {NAME}: {error}") from error


def _problems(manifest: Manifest, seen: dict[str, tuple[int, str]]) -> Iterator[str]:
    for file in manifest.files:
        found = seen.pop(file.name, None)
        if found is None:
            yield f"{file.name} is missing"
        elif found != (file.bytes, file.sha256):
            yield f"{file.name} is not what was written"
    yield from (f"{name} is not in the manifest" for name in seen)

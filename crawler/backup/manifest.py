"""What is in a backup: every file with its digest, and how the record stood. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

FORMAT = "forbear-backup/1"
NAME = "manifest.json"
MAX_BYTES = 512 * 2**20
DATABASES = {"sqlite": "forbear.db", "postgresql": "database.pgdump"}
"""The file of the database, by kind."""


class ManifestError(ValueError):
    """This is no manifest of a backup; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file of a backup, by its path below the data folder."""

    name: str
    bytes: int
    sha256: str
    mode: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a backup holds."""

    made_at: str
    software: str
    database: str
    """`sqlite` or `postgresql`."""
    schema: str
    rows: Mapping[str, int]
    """By table."""
    log_entries: int
    checkpoint: str | None
    """The newest signed checkpoint of the log."""
    keys: bool
    """Whether private keys are in it."""
    files: tuple[File, ...]

    @property
    def bytes(self) -> int:
        """Of all files."""
        return sum(file.bytes for file in self.files)


def to_json(manifest: Manifest) -> bytes:
    """The manifest as it is written."""
    value = {
        "format": FORMAT,
        **{name: getattr(manifest, name) for name in Manifest.__slots__ if name not in ("files", "rows")},
        "rows": dict(manifest.rows),
        "files": [{name: getattr(file, name) for name in File.__slots__} for file in manifest.files],
    }
    return (json.dumps(value, indent=1) + "\n").encode()


def from_json(data: bytes) -> Manifest:
    """The manifest that was written. Raises ManifestError."""
    try:
        value: dict[str, Any] = json.loads(data)
        if value.pop("format") != FORMAT:
            raise ManifestError(f"its format is not {FORMAT}: a newer release made it")
        files = tuple(File(**file) for file in value.pop("files"))
        manifest = Manifest(**value, files=files)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        if isinstance(error, ManifestError):
            raise
        raise ManifestError(f"it cannot be read ({type(error).__name__}: {str(error)[:200]})") from error
    for file in files:
        if not _is_safe(file.name) or not re.fullmatch(r"[0-9a-f]{64}", str(file.sha256)):
            raise ManifestError(f"it names a file that no backup has: {str(file.name)[:200]!r}")
    if manifest.database not in DATABASES:
        raise ManifestError(f"it names an unknown kind of database: {str(manifest.database)[:40]!r}")
    if len({file.name for file in files}) != len(files):
        raise ManifestError("it names a file twice")
    return manifest


def _is_safe(name: object) -> bool:
    """Whether a path stays below the folder it is put into."""
    if not isinstance(name, str) or not name or "\0" in name or "\\" in name:
        return False
    path = PurePosixPath(name)
    return bool(path.parts) and not path.is_absolute() and ".." not in path.parts and str(path) == name

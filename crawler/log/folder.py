"""The log's folder, `data/log`: what a web server may hand out as it stands, and the key it may not.

`tile/` is written once and never changed; `checkpoint` is the one file that is replaced.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from crawler.log.key import load_key, make_key
from crawler.log.note import Signer
from crawler.log.tiles import Tile, tile_at

CHECKPOINT = "checkpoint"
KEY = "key"
VERIFIER_KEY = "vkey"
_NEW = "new"


class LogError(Exception):
    """The log is not as it was left; the message names the first thing that differs."""


class LogFolder:
    """Reading and writing the files of a log."""

    def __init__(self, folder: Path) -> None:
        self.path = folder
        self._unsynced: set[Path] = set()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Wait until nobody else writes the log. The kernel lets go when a process dies, however it does."""
        self.path.mkdir(parents=True, exist_ok=True)
        handle = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            (self.path / _NEW).unlink(missing_ok=True)
            yield
        finally:
            os.close(handle)

    def signer(self, name: str, *, make: bool) -> Signer:
        """The log's key; with `make`, where there is none, a new one under that name.

        Raises KeyFileError.
        """
        file = self.path / KEY
        signer = make_key(file, name) if make and not file.exists() else load_key(file)
        if self.verifier_key() is None:
            self._place(self.path / VERIFIER_KEY, f"{signer.verifier.text}\n".encode())
        return signer

    def verifier_key(self) -> str | None:
        """The public half, as text; None where there is no log."""
        return self._text(VERIFIER_KEY)

    def checkpoint(self) -> str | None:
        """The published checkpoint; None where there is none."""
        return self._text(CHECKPOINT)

    def publish(self, note: str) -> None:
        """Replace the checkpoint, once everything it speaks of is on disk."""
        self._sync_folders()
        self._place(self.path / CHECKPOINT, note.encode())
        self._sync_folders()

    def read(self, tile: Tile) -> bytes:
        """A tile or bundle. Raises LogError where it is missing."""
        try:
            return (self.path / tile.path).read_bytes()
        except OSError as error:
            raise LogError(f"{self.path / tile.path}: cannot be read ({error.strerror})") from error

    def write(self, tile: Tile, data: bytes) -> None:
        """Write a tile. One that is there already must be the same: nothing published ever changes."""
        file = self.path / tile.path
        if not file.exists():
            self._place(file, data)
        elif file.read_bytes() != data:
            raise LogError(f"{file}: differs from what the record gives; `forbear log verify` says where")

    def partials(self, tile: Tile) -> Iterator[tuple[Tile, bytes]]:
        """The partial tiles that were published at a tile's place."""
        folder = self.path / (Tile(level=tile.level, number=tile.number).path + ".p")
        names = sorted(os.listdir(folder), key=len) if folder.is_dir() else []
        for name in names:
            found = tile_at(str((folder / name).relative_to(self.path)))
            if found is not None:
                yield found, self.read(found)

    def public_file(self, path: str) -> Path | None:
        """The file to hand out for a path below the log's URL; None for all else, above all the key."""
        if path not in (CHECKPOINT, VERIFIER_KEY) and tile_at(path) is None:
            return None
        file = self.path / path
        return file if file.is_file() else None

    def _text(self, name: str) -> str | None:
        try:
            return (self.path / name).read_text("utf-8")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise LogError(f"{self.path / name}: cannot be read ({error})") from error

    def _place(self, file: Path, data: bytes) -> None:
        """Have a file whole or not at all, whenever the process dies."""
        made = [folder for folder in (file.parent, *file.parent.parents) if not folder.exists()]
        file.parent.mkdir(parents=True, exist_ok=True)
        new = self.path / _NEW
        with new.open("wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        new.replace(file)
        self._unsynced.update((file.parent, *(folder.parent for folder in made)))

    def _sync_folders(self) -> None:
        for folder in self._unsynced:
            handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
        self._unsynced.clear()

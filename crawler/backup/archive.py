"""A backup as one tar file or as a folder: written once, read as a stream of named files."""

from __future__ import annotations

import io
import os
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, Protocol

CHUNK = 2**20
PART = ".part"


class ArchiveError(Exception):
    """A backup cannot be read or written; the message says why."""


class DamagedError(Exception):
    """A backup is not what was written; the message names the first files."""


class Sink(Protocol):
    """Where the files of a backup go."""

    def put(self, name: str, stream: BinaryIO, size: int, mode: int) -> str:
        """Write `size` bytes of a stream under a name; their SHA-256. Raises ArchiveError."""


class Limited(io.RawIOBase):
    """So many bytes of a stream, with their digest. A stream that ends before raises ArchiveError."""

    def __init__(self, stream: BinaryIO, size: int, name: str) -> None:
        super().__init__()
        self._stream, self._left, self._name = stream, size, name
        self.digest = sha256()

    def readable(self) -> bool:
        """It is for reading."""
        return True

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes."""
        wanted = self._left if size < 0 else min(size, self._left)
        data = self._stream.read(min(wanted, CHUNK) if size < 0 else wanted)
        if wanted and not data:
            raise ArchiveError(f"{self._name} became shorter while it was copied")
        self._left -= len(data)
        self.digest.update(data)
        return data


@contextmanager
def writing(target: Path) -> Iterator[Sink]:
    """A backup that is there when everything is written, and not before: `.tar` a file, else a folder.

    Raises ArchiveError.
    """
    if target.exists():
        raise ArchiveError(f"{target} exists already; choose another name")
    part = target.with_name(target.name + PART)
    try:
        part.parent.mkdir(parents=True, exist_ok=True)
        _remove(part)
        if target.suffix == ".tar":
            with part.open("wb") as file, tarfile.open(fileobj=file, mode="w") as tar:
                os.chmod(part, 0o600)
                yield _TarSink(tar)
                tar.close()
                file.flush()
                os.fsync(file.fileno())
        else:
            part.mkdir(mode=0o700)
            yield _FolderSink(part)
        part.replace(target)
        _sync(target.parent)
    except OSError as error:
        raise ArchiveError(f"{target} cannot be written: {error.strerror or error}") from error
    finally:
        _remove(part)


def reading(source: Path) -> Iterator[tuple[str, Readable]]:
    """The files of a backup with their streams, each good until the next is asked for.

    Raises ArchiveError, or DamagedError for what is no tar file.
    """
    try:
        if source.is_dir():
            for file in sorted(path for path in source.rglob("*") if path.is_file()):
                with file.open("rb") as stream:
                    yield file.relative_to(source).as_posix(), stream
            return
        with tarfile.open(source, mode="r:") as tar:
            for member in tar:
                content = tar.extractfile(member) if member.isreg() else None
                if content is None:
                    raise ArchiveError(f"{source}: {member.name[:200]!r} is no plain file")
                yield member.name, _Content(content, source)
    except OSError as error:
        raise ArchiveError(f"{source} cannot be read: {error.strerror or error}") from error
    except tarfile.TarError as error:
        raise DamagedError(f"{source} is no backup, or was cut off: {error}") from error


class Readable(Protocol):
    """What can be read piece by piece."""

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes."""


def copy(stream: Readable, target: Path, mode: int) -> None:
    """Write a stream to a new file, durably."""
    target.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as file:
        while data := stream.read(CHUNK):
            file.write(data)
        file.flush()
        os.fchmod(file.fileno(), mode & 0o777)
        os.fsync(file.fileno())


class _Content:
    """A file in a tar file, whose end may be missing."""

    def __init__(self, stream: Readable, source: Path) -> None:
        self._stream, self._source = stream, source

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes. Raises DamagedError."""
        try:
            return self._stream.read(size)
        except tarfile.TarError as error:
            raise DamagedError(f"{self._source} was cut off") from error


class _TarSink:
    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar

    def put(self, name: str, stream: BinaryIO, size: int, mode: int) -> str:
        """See `Sink.put`."""
        info = tarfile.TarInfo(name)
        info.size, info.mode = size, mode
        limited = Limited(stream, size, name)
        self._tar.addfile(info, limited)
        return limited.digest.hexdigest()


class _FolderSink:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, name: str, stream: BinaryIO, size: int, mode: int) -> str:
        """See `Sink.put`."""
        limited = Limited(stream, size, name)
        copy(limited, self._folder / name, mode)
        return limited.digest.hexdigest()


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

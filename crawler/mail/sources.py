"""Where messages come from: standard input, a file of one message, an mbox, or a Maildir folder."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_CHUNK = 64 * 1024
_POSTMARK = re.compile(rb"From \S+ .*\d\d:\d\d")
_QUOTED = re.compile(rb"(?m)^>(>*From )")


class SourceError(Exception):
    """A file or folder that cannot be read as mail; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """A message as it came: at most as many bytes as are read, and how many there were."""

    place: str
    content: bytes
    size: int


def messages(path: Path, bound: int) -> Iterator[Raw]:
    """The messages of a file or folder, one at a time. Raises SourceError."""
    try:
        if path.is_dir():
            yield from _maildir(path, bound)
            return
        with path.open("rb") as stream:
            is_mbox = stream.read(5) == b"From "
            stream.seek(0)
            if is_mbox:
                yield from _mbox(stream, path.name, bound)
            else:
                yield one(stream, path.name, bound)
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror}") from error


def one(stream: BinaryIO, place: str, bound: int) -> Raw:
    """One message, read to its end; a leading `From ` line of a mail server is no part of it."""
    content, size = bytearray(), 0
    while chunk := stream.read(_CHUNK):
        size += len(chunk)
        content += chunk[: max(0, bound - len(content))]
    if content.startswith(b"From "):
        cut = content.find(b"\n") + 1
        del content[:cut]
        size -= cut
    return Raw(place=place, content=bytes(content), size=size)


def _maildir(folder: Path, bound: int) -> Iterator[Raw]:
    """https://cr.yp.to/proto/maildir.html: `tmp` holds what is not whole yet."""
    parts = [folder / name for name in ("new", "cur")]
    if not any(part.is_dir() for part in parts):
        raise SourceError(f"{folder} is no Maildir: it has neither `new` nor `cur`")
    for part in parts:
        files = sorted(part.iterdir()) if part.is_dir() else []
        for file in files:
            if file.is_file() and not file.name.startswith("."):
                with file.open("rb") as stream:
                    yield one(stream, f"{part.name}/{file.name}", bound)


def _mbox(stream: BinaryIO, place: str, bound: int) -> Iterator[Raw]:
    """Messages between lines `From a@example.org Tue Nov 24 09:00:00 2026` after an empty line (RFC 4155)."""
    content, size, number, at_start, after_empty = bytearray(), 0, 0, True, True
    while line := stream.readline(_CHUNK):
        if at_start and after_empty and line.startswith(b"From ") and _POSTMARK.match(line):
            if number:
                yield _of_mbox(content, size, f"{place}:{number}")
            content, size, number = bytearray(), 0, number + 1
        else:
            size += len(line)
            content += line[: max(0, bound - len(content))]
        after_empty = at_start and line in (b"\n", b"\r\n")
        at_start = line.endswith(b"\n")
    yield _of_mbox(content, size, f"{place}:{number}")


def _of_mbox(content: bytearray, size: int, place: str) -> Raw:
    """Without the quoting of `From ` (mboxrd)."""
    plain = _QUOTED.sub(rb"\1", content)
    return Raw(place=place, content=plain, size=size - (len(content) - len(plain)))

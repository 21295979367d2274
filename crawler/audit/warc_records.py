"""The records of a WARC file that anybody may have written: bounded, and damage told with its place.

https://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from crawler.audit.bytestream import Stream, StreamError
from crawler.audit.model import Trouble

MAX_HEADER = 64 * 2**10
"""Bytes of a record's own header."""
MAX_BLOCK = 16 * 2**30
"""Bytes of a block that are read past; whatever claims more is passed over."""
_BLANK_LINES = 64
_VERSION = re.compile(rb"WARC/[01]\.\d{1,2}[ \t]*\r?\n")
_DATE = re.compile(r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?(?:T(\d\d):(\d\d)(?::(\d\d))?)?")

Room = Callable[[Mapping[str, str]], int]
"""From a record's fields, names in lower case, to how many bytes of its block are wanted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WarcRecord:
    """A record, and as much of its block as was asked for."""

    offset: int
    fields: Mapping[str, str]
    length: int
    """Bytes of the block, read or not."""
    block: bytes

    @property
    def type(self) -> str:
        """`response`, `revisit`, ..., in lower case."""
        return self.fields.get("warc-type", "").lower()

    @property
    def url(self) -> str:
        """The target; some writers put it into angle brackets, as WARC 1.0 said by mistake."""
        return self.fields.get("warc-target-uri", "").removeprefix("<").removesuffix(">")

    @property
    def date(self) -> datetime | None:
        """When it was received; None where that cannot be read."""
        return moment_of(self.fields.get("warc-date", ""))


def records(stream: Stream, file: str, room: Room) -> Iterator[WarcRecord | Trouble]:
    """Every record in order, and where none could be read, a trouble; then on with the next one."""
    while True:
        place = stream.place
        try:
            record = _record(stream, place, room)
        except StreamError as error:
            yield Trouble(file=file, offset=place, unit="byte", why=str(error))
            if not stream.resume(place):
                return
            continue
        if record is None:
            return
        yield record


def _record(stream: Stream, place: int, room: Room) -> WarcRecord | None:
    line = stream.line(MAX_HEADER)
    for _ in range(_BLANK_LINES):
        if line not in (b"\r\n", b"\n"):
            break
        place, line = stream.place, stream.line(MAX_HEADER)
    if not line:
        return None
    if not _VERSION.fullmatch(line):
        raise StreamError("no WARC record begins here")
    fields = _fields(stream)
    text = fields.get("content-length", "")
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise StreamError(f"no usable Content-Length ({text[:40]!r})")
    length = int(text)
    if length > MAX_BLOCK:
        raise StreamError(f"a record of {length} bytes is not read")
    wanted = min(length, room(fields))
    block = stream.take(wanted)
    there = len(block) + stream.skip(length - wanted)
    if there < length:
        raise StreamError(f"the file ends after {there} of the record's {length} bytes")
    _end(stream, length)
    return WarcRecord(offset=place, fields=fields, length=length, block=block)


def _fields(stream: Stream) -> Mapping[str, str]:
    found: dict[str, str] = {}
    left, last = MAX_HEADER, ""
    while True:
        line = stream.line(left)
        left -= len(line)
        if line in (b"\r\n", b"\n"):
            return found
        if not line.endswith(b"\n"):
            raise StreamError("the file ends within a record's header")
        if left <= 0:
            raise StreamError(f"a record's header of more than {MAX_HEADER} bytes")
        text = line.decode("utf-8", "replace").rstrip("\r\n")
        if text[:1] in (" ", "\t") and last:
            found[last] += " " + text.strip()
            continue
        name, _, value = text.partition(":")
        last = name.strip().lower()
        found.setdefault(last, value.strip())


def _end(stream: Stream, length: int) -> None:
    after = stream.peek(4)
    if after == b"\r\n\r\n":
        stream.skip(4)
    elif after and not after.startswith((b"WARC", b"\n\n")):
        raise StreamError(f"the record does not end after the {length} bytes it claims")
    stream.settle()


def moment_of(text: str) -> datetime | None:
    """A WARC date, of any of the precisions of WARC 1.1; None where it is none."""
    found = _DATE.match(text)
    if found is None:
        return None
    year, *rest = (int(part) if part else None for part in found.groups())
    month, day, hour, minute, second = rest
    try:
        return datetime(
            year or 1, month or 1, day or 1, hour or 0, minute or 0, min(second or 0, 59), tzinfo=UTC
        )
    except ValueError:
        return None

"""A record that stands in the place of one that was removed: as long to the byte, and readable by every tool.

Where a record lies is part of what the log commits to, and other records lie behind it, so neither the file
nor any position may change. The new record is a gzip member of the same length, which the comment field of
its header fills up (https://www.rfc-editor.org/rfc/rfc1952#section-2.3), and it overwrites the old one where
it lay: what was there before is in no file any more.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from crawler.store.warc.reading import StoredRecord, WarcIntegrityError
from crawler.store.warc.records import Record

FIELD = "redaction"
_CHUNK = 2**20
_COMMENT = 0x10
_HEADER = b"\x1f\x8b\x08%c\0\0\0\0\0\xff"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What the record in the place of a removed one says."""

    redaction: int
    removed_at: datetime
    reason: str
    sha256: str
    """Of the body that was removed."""


def overwrite(path: Path, offset: int, length: int, notice: Notice) -> None:
    """Put the notice in the place of the record at a position, durably. May be done again after a death.

    Raises WarcIntegrityError where the file does not reach so far or cannot be written.
    """
    head, blanks, tail = _member(length, notice, f"{path.name} {offset}")
    try:
        with path.open("r+b") as file:
            if os.fstat(file.fileno()).st_size < offset + length:
                raise WarcIntegrityError(path, offset, f"the file ends within these {length} bytes")
            file.seek(offset)
            file.write(head)
            for start in range(0, blanks, _CHUNK):
                file.write(b" " * min(_CHUNK, blanks - start))
            file.write(tail)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise WarcIntegrityError(path, offset, f"cannot be overwritten ({error.strerror})") from error


def redaction_member(length: int, notice: Notice, place: str) -> bytes:
    """The notice as a gzip member of exactly `length` bytes. Raises ValueError where none is so short."""
    head, blanks, tail = _member(length, notice, place)
    return head + b" " * blanks + tail


def is_redaction(record: StoredRecord) -> bool:
    """Whether a record says that another one was removed here."""
    return record.field("WARC-Type") == "metadata" and record.body.startswith(FIELD.encode() + b": ")


def _member(length: int, notice: Notice, place: str) -> tuple[bytes, int, bytes]:
    """The beginning, how many blanks follow, and the end; so that a large one needs no memory."""
    for block in _blocks(notice):
        record = Record(
            id=f"<urn:uuid:{uuid5(NAMESPACE_URL, f'{notice.redaction} {place}')}>",
            type="metadata",
            date=notice.removed_at,
            fields=(("Content-Type", "application/warc-fields"),),
            block=block,
        )
        data = record.head() + record.block + b"\r\n\r\n"
        deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
        packed = deflater.compress(data) + deflater.flush()
        end = packed + struct.pack("<II", zlib.crc32(data), len(data))
        spare = length - 10 - len(end)
        if spare == 0:
            return _HEADER % 0, 0, end
        if spare > 0:
            return _HEADER % _COMMENT, spare - 1, b"\0" + end
    raise ValueError(f"no record fits into {length} bytes")


def _blocks(notice: Notice) -> Iterator[bytes]:
    """What is said, from all of it to the least."""
    number = f"{FIELD}: {notice.redaction}"
    when = f"removed: {notice.removed_at.isoformat(timespec='seconds')}"
    reason = "reason: " + " ".join(notice.reason.split())[:500]
    for lines in ((number, when, reason, f"sha256: {notice.sha256}"), (number, when), (number,)):
        yield "".join(f"{line}\r\n" for line in lines).encode("utf-8", "backslashreplace")

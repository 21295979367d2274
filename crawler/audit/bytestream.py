"""Bytes of a WARC file, plain or gzip, with the place each record begins at, and a way on after damage.

fastwarc reads such files faster, but gives a record that the file cuts off as an empty one without an
error, and ends for good at the first broken member (tried with 2.0.1); an audit has to tell both, and to
go on.
"""

from __future__ import annotations

import zlib
from typing import BinaryIO

_PIECE = 2**16
_INFLATED = 2**18
"""Bytes inflated at a time."""
_SEARCHED = 2**20
_GZIP = b"\x1f\x8b\x08"
_RECORD = b"WARC/"


class StreamError(Exception):
    """The bytes cannot be read on from here; says why."""


class Stream:
    """A file read forward, uncompressed, a bounded piece at a time. `open_stream` makes one."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._buffer = b""
        self._at = 0
        file.seek(0)

    @property
    def place(self) -> int:
        """Offset in the file at which the next byte can be found again: its own, or its gzip member's."""
        return self._file.tell() - (len(self._buffer) - self._at)

    def line(self, limit: int) -> bytes:
        """Bytes up to and with the next line feed; empty at the end. Raises StreamError beyond `limit`."""
        parts, size = [], 0
        while True:
            end = self._buffer.find(b"\n", self._at)
            part = self._buffer[self._at : end + 1 or len(self._buffer)]
            parts.append(part)
            size += len(part)
            self._at += len(part)
            if size > limit:
                raise StreamError(f"a line of more than {limit} bytes in a record's header")
            if end >= 0 or not self._fill():
                return b"".join(parts)

    def take(self, size: int) -> bytes:
        """So many bytes; fewer only at the end."""
        parts = []
        while size:
            if self._at == len(self._buffer) and not self._fill():
                break
            part = self._buffer[self._at : self._at + size]
            parts.append(part)
            self._at += len(part)
            size -= len(part)
        return b"".join(parts)

    def skip(self, size: int) -> int:
        """Pass over so many bytes without keeping them; how many there were."""
        passed = 0
        while passed < size:
            if self._at == len(self._buffer) and not self._fill():
                break
            step = min(size - passed, len(self._buffer) - self._at)
            self._at += step
            passed += step
        return passed

    def peek(self, size: int) -> bytes:
        """The next bytes without taking them; fewer only at the end."""
        while len(self._buffer) - self._at < size:
            rest = self._buffer[self._at :]
            if not self._fill():
                break
            self._buffer, self._at = rest + self._buffer, 0
        return self._buffer[self._at : self._at + size]

    def settle(self) -> None:
        """Check what can only be checked behind a record. Raises StreamError."""

    def resume(self, after: int) -> bool:
        """Go to the first place behind `after` at which a record begins; False where there is none."""
        place = self._search(b"\n" + _RECORD, after)
        if place < 0:
            return False
        self._go(place + 1)
        return True

    def _search(self, what: bytes, after: int) -> int:
        """Offset of the next occurrence behind `after` in the file as it is; -1 where there is none."""
        self._file.seek(after + 1)
        kept, start = b"", after + 1
        while piece := self._file.read(_SEARCHED):
            data = kept + piece
            found = data.find(what)
            if found >= 0:
                return start - len(kept) + found
            start += len(piece)
            kept = data[-(len(what) - 1) :]
        return -1

    def _go(self, place: int) -> None:
        self._file.seek(place)
        self._buffer, self._at = b"", 0

    def _fill(self) -> bool:
        """Replace the used-up buffer by the next piece; False at the end."""
        self._buffer, self._at = self._file.read(_PIECE), 0
        return bool(self._buffer)


class GzipStream(Stream):
    """A series of gzip members (RFC 1952 section 2.2): one a record, as WARC 1.1 Annex D asks, or not."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file)
        self._raw = b""
        self._inflate: zlib._Decompress | None = None
        self._member = 0
        """Where the member begins that the buffer was inflated from."""

    @property
    def place(self) -> int:
        """Where the member begins that holds the next byte."""
        if self._at < len(self._buffer) or self._inflate is not None:
            return self._member
        return self._file.tell() - len(self._raw)

    def settle(self) -> None:
        """Read to the checksum, if the record ends its member: what does not match it must not be judged."""
        while self._at == len(self._buffer) and self._inflate is not None:
            self._buffer, self._at = self._inflated(), 0

    def resume(self, after: int) -> bool:
        """Go to the next member that begins with a record."""
        place = after
        while (place := self._search(_GZIP, place)) >= 0:
            if self._begins_record(place):
                self._go(place)
                return True
        return False

    def _begins_record(self, place: int) -> bool:
        # The three bytes turn up by chance once in 16 MiB of compressed data.
        self._file.seek(place)
        try:
            head = zlib.decompressobj(31).decompress(self._file.read(_PIECE), 16)
        except zlib.error:
            return False
        return head.lstrip(b"\r\n").startswith(_RECORD)

    def _go(self, place: int) -> None:
        super()._go(place)
        self._raw, self._inflate = b"", None

    def _fill(self) -> bool:
        self._buffer, self._at = b"", 0
        while not self._buffer:
            if self._inflate is None and not self._begin():
                return False
            self._buffer = self._inflated()
        return True

    def _begin(self) -> bool:
        """Begin with the next member; False at the end of the file."""
        self._raw = self._raw.lstrip(b"\0")  # padding
        while len(self._raw) < len(_GZIP) and (more := self._file.read(_PIECE)):
            self._raw = (self._raw + more).lstrip(b"\0")
        if not self._raw:
            return False
        self._member = self._file.tell() - len(self._raw)
        if not self._raw.startswith(_GZIP):
            raise StreamError("no gzip member begins here")
        self._inflate = zlib.decompressobj(31)
        return True

    def _inflated(self) -> bytes:
        inflate = self._inflate
        assert inflate is not None
        if not self._raw:
            self._raw = self._file.read(_PIECE)
        ended = not self._raw
        try:
            piece = inflate.decompress(self._raw, _INFLATED)
        except zlib.error as error:
            raise StreamError(f"the gzip member is damaged ({str(error)[:80]})") from error
        self._raw = inflate.unconsumed_tail
        if inflate.eof:
            self._raw, self._inflate = inflate.unused_data, None
        elif ended and not piece:
            raise StreamError("the file ends within a gzip member")
        return piece


def open_stream(file: BinaryIO) -> Stream:
    """A stream over a file, by its first bytes."""
    file.seek(0)
    head = file.read(2)
    return GzipStream(file) if head == _GZIP[:2] else Stream(file)

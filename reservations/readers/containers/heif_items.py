"""The XMP items of an AVIF or HEIC file (ISO/IEC 14496-12 sections 8.11.3 and 8.11.6)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from reservations.readers.containers.bounds import MAX_PACKET, MAX_PACKETS, MAX_STEPS, inflate

_TYPES = frozenset({b"application/rdf+xml", b"application/xml", b"text/xml"})


@dataclass(slots=True, kw_only=True)
class _Cursor:
    """A place in a box. Reading past the end gives zeros, which point nowhere."""

    body: bytes
    at: int
    end: int

    def number(self, size: int) -> int:
        """A big-endian number of `size` bytes."""
        start, self.at = self.at, self.at + size
        return int.from_bytes(self.body[start : min(self.at, self.end)], "big")

    def text(self) -> bytes:
        """Bytes up to the next NUL."""
        stop = self.body.find(b"\0", self.at, self.end)
        stop = self.end if stop < 0 else stop
        found, self.at = self.body[self.at : stop], stop + 1
        return found


def xmp_items(body: bytes, boxes: Mapping[bytes, tuple[int, int]]) -> Iterator[bytes]:
    """The packets that a `meta` box with these children points to."""
    if b"iinf" not in boxes or b"iloc" not in boxes:
        return
    wanted = dict(_infos(body, *boxes[b"iinf"]))
    data_start = boxes.get(b"idat", (0, 0))[0]
    if not wanted:
        return
    given = 0
    for item, method, extents in _locations(body, *boxes[b"iloc"]):
        if item in wanted and given < MAX_PACKETS:
            given += 1
            shift = data_start if method == 1 else 0
            pieces = (body[shift + at : shift + at + min(n or MAX_PACKET, MAX_PACKET)] for at, n in extents)
            data = b"".join(pieces)[:MAX_PACKET]
            yield inflate(data) if wanted[item] == b"deflate" else data


def _infos(body: bytes, start: int, end: int) -> Iterator[tuple[int, bytes]]:
    """Number and content encoding of each item that is XML."""
    cursor = _Cursor(body=body, at=start, end=end)
    cursor.number(2 + 4 if body[start : start + 1] == b"\0" else 4 + 4)  # version, flags, count
    for _ in range(MAX_STEPS):
        if cursor.at + 12 > end:
            return
        at, size = cursor.at, cursor.number(4)
        cursor.number(4)
        version = cursor.number(1)
        cursor.number(3)
        item = cursor.number(4 if version >= 3 else 2)
        cursor.number(2)
        if version >= 2 and cursor.number(4) == int.from_bytes(b"mime", "big"):
            cursor.text()  # name
            if cursor.text().lower() in _TYPES:
                yield item, cursor.text()
        cursor.at = at + max(size, 12)


def _locations(body: bytes, start: int, end: int) -> Iterator[tuple[int, int, list[tuple[int, int]]]]:
    """Number, construction method and extents of each item."""
    cursor = _Cursor(body=body, at=start, end=end)
    version = cursor.number(1)
    cursor.number(3)
    sizes = cursor.number(2)
    offset, length, base, index = (sizes >> shift & 15 for shift in (12, 8, 4, 0))
    wide = 4 if version >= 2 else 2
    steps = MAX_STEPS
    for _ in range(min(cursor.number(wide), MAX_STEPS)):
        if cursor.at >= end:
            return
        item = cursor.number(wide)
        method = cursor.number(2) & 15 if version else 0
        cursor.number(2)
        origin = cursor.number(base)
        extents = []
        for _ in range(min(cursor.number(2), steps)):
            steps -= 1
            cursor.number(index if version else 0)
            extents.append((origin + cursor.number(offset), cursor.number(length)))
            if cursor.at >= end:
                break
        yield item, method, extents

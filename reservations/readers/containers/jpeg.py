"""XMP in JPEG: APP1 segments, and the extension that holds what did not fit (XMP part 3, 1.1.3).

Pillow and others leave the extension out, and with it a property that stands only there
(https://developer.adobe.com/xmp/docs/XMPSpecifications/, part 3, "Extended XMP in JPEG").
"""

from __future__ import annotations

from collections.abc import Iterator

from reservations.readers.containers.bounds import MAX_PACKET, MAX_STEPS

MAGIC = b"\xff\xd8\xff"

_STANDARD = b"http://ns.adobe.com/xap/1.0/\0"
_EXTENSION = b"http://ns.adobe.com/xmp/extension/\0"
_GUID, _OFFSET = 32, 36
"""An extension segment goes on with 32 digits of GUID, total length and offset, 4 bytes each."""

_APP1, _APP11 = 0xE1, 0xEB
_SCAN, _END = 0xDA, 0xD9
_BARE = frozenset({0x01, *range(0xD0, 0xD9)})
"""Markers without a length: TEM, RSTn and SOI (ITU-T T.81 table B.1)."""


def packets(body: bytes) -> Iterator[bytes]:
    """The packets of a JPEG; the parts of an extended one are put together by GUID and offset."""
    parts: dict[bytes, dict[int, bytes]] = {}
    held = 0
    for marker, start, end in _segments(body):
        if marker != _APP1:
            continue
        if body.startswith(_STANDARD, start, end):
            yield body[start + len(_STANDARD) : end]
        elif body.startswith(_EXTENSION, start, end) and held < MAX_PACKET:
            at = start + len(_EXTENSION)
            offset = int.from_bytes(body[at + _OFFSET : at + _OFFSET + 4], "big")
            part = body[at + _OFFSET + 4 : end]
            parts.setdefault(body[at : at + _GUID], {})[offset] = part
            held += len(part)
    # A GUID that the main packet does not name is read as well: what it reserves is reserved.
    for by_offset in parts.values():
        yield b"".join(by_offset[offset] for offset in sorted(by_offset))


def may_hold_c2pa(body: bytes) -> bool:
    """Whether there is an APP11 segment, where JUMBF lives (ISO/IEC 19566-5 annex D)."""
    return any(marker == _APP11 for marker, _, _ in _segments(body))


def _segments(body: bytes) -> Iterator[tuple[int, int, int]]:
    """Marker, start and end of each segment before the image data."""
    at, size = 2, len(body)
    for _ in range(MAX_STEPS):
        at = body.find(b"\xff", at)  # garbage between segments is stepped over
        if at < 0 or at + 4 > size:
            return
        marker = body[at + 1]
        if marker in (_SCAN, _END):
            return
        if marker in (0x00, 0xFF):  # stuffing and fill bytes
            at += 1
        elif marker in _BARE:
            at += 2
        else:
            length = int.from_bytes(body[at + 2 : at + 4], "big")
            end = min(at + 2 + max(length, 2), size)
            yield marker, at + 4, end
            at = end

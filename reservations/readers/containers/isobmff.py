"""XMP in the box formats: MP4, MOV, AVIF, HEIC, JPEG 2000 and JPEG XL.

MP4 and JPEG 2000 have a `uuid` box, QuickTime `XMP_` in the user data (XMP part 3, 1.2.6 and 1.2.7),
JPEG XL an `xml ` box, AVIF and HEIC an item of type `application/rdf+xml` (ISO/IEC 23008-12 annex A.3),
whose bytes `readers.containers.heif_items` finds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reservations.readers.containers.bounds import MAX_PACKET, MAX_STEPS
from reservations.readers.containers.heif_items import xmp_items
from reservations.readers.rsl_embedded import SIGN

JP2_MAGIC = b"\0\0\0\x0cjP  \r\n\x87\n"
JXL_MAGIC = b"\0\0\0\x0cJXL \r\n\x87\n"
FIRST_BOXES = frozenset({b"ftyp", b"moov", b"wide", b"free", b"skip", b"mdat", b"pnot"})
"""What a file of this family opens with; QuickTime files need not have `ftyp`."""

_XMP_UUID = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
_C2PA_UUID = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
_PARENTS = frozenset({b"moov", b"udta"})


@dataclass(slots=True, kw_only=True)
class _Steps:
    """How many boxes may still be looked at."""

    left: int = MAX_STEPS


def packets(body: bytes) -> Iterator[bytes]:
    """The packets of a file made of boxes."""
    for kind, start, end in _boxes(body, 0, len(body), _Steps()):
        if kind == b"uuid" and body.startswith(_XMP_UUID, start):
            yield body[start + 16 : min(end, start + 16 + MAX_PACKET)]
        elif kind in (b"XMP_", b"xml "):
            yield body[start : min(end, start + MAX_PACKET)]
        elif kind == b"meta":
            # A full box: version and flags come before its children.
            inner = {k: (s, e) for k, s, e in reversed([*_boxes(body, start + 4, end, _Steps())])}
            yield from xmp_items(body, inner)
            yield from _licence(body, *inner.get(b"ilst", (0, 0)))


def _licence(body: bytes, start: int, end: int) -> Iterator[bytes]:
    """What stands round an RSL fragment in the items of iTunes metadata (RSL-SPEC-1.0 section 4.8)."""
    end = min(end, start + MAX_PACKET)
    at = body.find(SIGN, start, end)
    if at >= 0:
        opened = max(body.rfind(b"\0", start, at) + 1, start)
        yield body[opened:end].partition(b"\0")[0]


def may_hold_c2pa(body: bytes) -> bool:
    """Whether there is C2PA's `uuid` box (C2PA 1.4 section 11.3.1), or JUMBF as JPEG XL has it."""
    for kind, start, _ in _boxes(body, 0, len(body), _Steps()):
        if kind == b"jumb" or (kind == b"uuid" and body.startswith(_C2PA_UUID, start)):
            return True
    return False


def _boxes(body: bytes, start: int, end: int, steps: _Steps) -> Iterator[tuple[bytes, int, int]]:
    """Type, start and end of the content of each box, those inside `moov` and `udta` too."""
    pending = [(start, end)]
    while pending:
        at, limit = pending.pop()
        while at + 8 <= limit and steps.left:
            steps.left -= 1
            kind, head, size = _head(body, at, limit)
            stop = min(at + size, limit)
            yield kind, at + head, stop
            if kind in _PARENTS:
                pending.append((at + head, stop))
            at += max(size, head)


def _head(body: bytes, at: int, limit: int) -> tuple[bytes, int, int]:
    """Type, length of the head, and size of the box (ISO/IEC 14496-12 section 4.2)."""
    size, kind = int.from_bytes(body[at : at + 4], "big"), body[at + 4 : at + 8]
    if size == 1:
        return kind, 16, int.from_bytes(body[at + 8 : at + 16], "big")
    return kind, 8, size or limit - at

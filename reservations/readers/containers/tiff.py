"""XMP in TIFF, DNG and BigTIFF: tag 700 of an image file directory (XMP part 3, 1.1.7)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from reservations.readers.containers.bounds import MAX_PACKET, MAX_STEPS

MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")

_XMP = 700
_MANIFEST = 0xCD41
"""Where C2PA stands in TIFF (C2PA 1.4 section 11.3.5)."""
_MAX_DIRECTORIES = 64
_SIZES = {3: 2, 4: 4, 8: 2, 9: 4, 13: 4}
"""Bytes of the field types that are not one byte each (TIFF 6.0 section 2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Form:
    """How numbers are written: TIFF has 4-byte offsets, BigTIFF 8-byte ones."""

    order: str
    entry: str
    count: str
    pointer: str
    first: int

    def number(self, code: str, body: bytes, at: int) -> int:
        """One number; 0, which points nowhere, where there is none."""
        size = struct.calcsize(code)
        return int(struct.unpack_from(self.order + code, body, at)[0]) if 0 <= at <= len(body) - size else 0


def packets(body: bytes) -> Iterator[bytes]:
    """The packets of a TIFF, of every page."""
    return _values(body, _XMP)


def may_hold_c2pa(body: bytes) -> bool:
    """Whether a directory has C2PA's tag."""
    return next(_values(body, _MANIFEST), None) is not None


def _values(body: bytes, wanted: int) -> Iterator[bytes]:
    form = _form(body)
    at = form.number(form.pointer, body, form.first)
    seen: set[int] = set()
    steps = MAX_STEPS
    while at and at not in seen and len(seen) < _MAX_DIRECTORIES and steps > 0:
        seen.add(at)
        count = form.number(form.count, body, at)
        start = at + struct.calcsize(form.count)
        size = struct.calcsize("=" + form.entry)
        read = min(count, max(len(body) - start, 0) // size, steps)
        steps -= read
        table = body[start : start + read * size]
        for n, (tag, kind, values, _) in enumerate(struct.iter_unpack(form.order + form.entry, table)):
            if tag == wanted:
                yield _value(form, body, start + n * size, values * _SIZES.get(kind, 1))
        at = form.number(form.pointer, body, start + count * size)


def _value(form: _Form, body: bytes, entry: int, length: int) -> bytes:
    width = struct.calcsize(form.pointer)
    field = entry + 4 + width
    start = field if length <= width else form.number(form.pointer, body, field)
    return body[start : start + min(length, MAX_PACKET)]


def _form(body: bytes) -> _Form:
    order = "<" if body.startswith(b"II") else ">"
    if body[2:4] in (b"+\0", b"\0+"):
        return _Form(order=order, entry="HHQQ", count="Q", pointer="Q", first=8)
    return _Form(order=order, entry="HHII", count="H", pointer="I", first=4)

"""XMP in RIFF files: chunk `XMP ` of WebP (RFC 9649 section 2.7.1.6), `_PMX` of WAV and AVI."""

from __future__ import annotations

from collections.abc import Iterator

from reservations.readers.containers.bounds import MAX_STEPS

MAGIC = b"RIFF"

_XMP = frozenset({b"XMP ", b"XMP\0", b"_PMX"})
"""The second is what early encoders wrote."""


def packets(body: bytes) -> Iterator[bytes]:
    """The packets of a WebP, WAV or AVI file."""
    for kind, start, end in _chunks(body):
        if kind in _XMP:
            yield body[start:end]


def may_hold_c2pa(body: bytes) -> bool:
    """Whether there is a `C2PA` chunk (C2PA 1.4 section 11.3.3)."""
    return any(kind == b"C2PA" for kind, _, _ in _chunks(body))


def _chunks(body: bytes) -> Iterator[tuple[bytes, int, int]]:
    at, size = 12, len(body)
    for _ in range(MAX_STEPS):
        if at + 8 > size:
            return
        length = int.from_bytes(body[at + 4 : at + 8], "little")
        yield body[at : at + 4], at + 8, min(at + 8 + length, size)
        at += 8 + length + (length & 1)

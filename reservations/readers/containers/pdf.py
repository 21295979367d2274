"""XMP of a PDF: the stream `/Metadata` of the document catalog (ISO 32000-2 section 14.3.2).

Encrypted files are opened with the empty user password, with which every viewer shows them without
asking (section 7.6.4.4); no other password is ever tried. Where a file cannot be opened, packets that
stand in it in the clear are looked for, so that damage does not hide a reservation.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING

from reservations.readers.containers.bounds import MAX_PACKET, MAX_PACKETS, inflate

if TYPE_CHECKING:
    from pikepdf import Object

MAGIC = b"%PDF-"
MAGIC_WITHIN = 1024
"""Viewers accept junk before the magic bytes, up to here (ISO 32000-2 annex I.4 in its 2008 form)."""

_MAX_OPENED = 128 << 20


def packets(body: bytes) -> Iterator[bytes]:
    """The packet of the document."""
    found = _catalog_metadata(body) if len(body) <= _MAX_OPENED else None
    if found is None:
        yield from _in_the_clear(body)
    elif found:
        yield found


def _catalog_metadata(body: bytes) -> bytes | None:
    """The packet, empty where there is none; None where the file cannot be read."""
    import pikepdf  # half a tenth of a second, and most crawls meet few PDFs

    try:
        with pikepdf.open(io.BytesIO(body), suppress_warnings=True) as pdf:
            stream = pdf.Root.get("/Metadata")
            return _decoded(stream) if isinstance(stream, pikepdf.Stream) else b""
    except Exception:  # a native parser on hostile bytes: what it raises is not a closed set
        return None


def _decoded(stream: Object) -> bytes | None:
    """The stream's data. Inflated here, because a filter of the library's has no bound of ours."""
    filters = stream.get("/Filter")
    names = [] if filters is None else [str(f) for f in filters] if _is_array(filters) else [str(filters)]
    raw = stream.read_raw_bytes()  # decrypted, not decoded
    if not names:
        return raw[:MAX_PACKET]
    return inflate(raw) if names in (["/FlateDecode"], ["/Fl"]) else None


def _is_array(value: object) -> bool:
    import pikepdf

    return isinstance(value, pikepdf.Array)


def _in_the_clear(body: bytes) -> Iterator[bytes]:
    at = 0
    for _ in range(MAX_PACKETS):
        at = body.find(b"<x:xmpmeta", at)
        if at < 0:
            return
        end = body.find(b"</x:xmpmeta>", at, at + MAX_PACKET)
        end = end + len(b"</x:xmpmeta>") if end >= 0 else at + MAX_PACKET
        yield body[at:end]
        at = min(end, len(body))

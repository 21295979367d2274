"""Limits that every container shares, and an inflater that keeps to them."""

from __future__ import annotations

import zlib

MAX_PACKET = 4_000_000
"""Bytes of one packet, after decompression; as much as `reservations.readers.xmp` reads."""
MAX_PACKETS = 8
"""Packets of one file. There is one by specification; hand-made files hold a second."""
MAX_STEPS = 100_000
"""Segments, chunks, boxes or directory entries that are looked at in one file."""


def inflate(data: bytes) -> bytes:
    """At most MAX_PACKET bytes of a zlib stream; what there is of a damaged one."""
    decoder, out = zlib.decompressobj(), bytearray()
    try:
        # Piece by piece, so that a stream that breaks off still gives what came before.
        for start in range(0, len(data), 1024):
            out += decoder.decompress(data[start : start + 1024], MAX_PACKET - len(out))
            if len(out) >= MAX_PACKET or decoder.eof:
                break
    except zlib.error:
        pass
    return bytes(out)

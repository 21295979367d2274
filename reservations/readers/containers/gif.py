"""XMP in GIF: the application extension `XMP DataXMP` (XMP part 3, 1.1.2).

The packet stands there as it is, not cut into sub-blocks; 258 bytes of "magic trailer" after it make
sense of that for readers that skip it. Writers that do cut it into sub-blocks exist.
"""

from __future__ import annotations

from collections.abc import Iterator

from reservations.readers.containers.bounds import MAX_PACKET, MAX_PACKETS

MAGIC = (b"GIF87a", b"GIF89a")

_EXTENSION = b"\x21\xff\x0bXMP DataXMP"
_TRAILER = bytes((1, *range(255, -1, -1), 0))


def packets(body: bytes) -> Iterator[bytes]:
    """The packets of a GIF. Looks for the extension's opening instead of walking every image block."""
    at = 0
    for _ in range(MAX_PACKETS):
        at = body.find(_EXTENSION, at)
        if at < 0:
            return
        at += len(_EXTENSION)
        yield _raw(body, at) if _is_raw(body, at) else _sub_blocks(body, at)


def _is_raw(body: bytes, at: int) -> bool:
    """Whether text starts here; a sub-block would start with its length, then text."""
    start = body[at : at + 4].lstrip(b"\xef\xbb\xbf \t\r\n")
    return start.startswith(b"<") and body[at + 1 : at + 2] != b"<"


def _raw(body: bytes, at: int) -> bytes:
    end = body.find(_TRAILER, at, at + MAX_PACKET)
    return body[at : end if end >= 0 else at + MAX_PACKET]


def _sub_blocks(body: bytes, at: int) -> bytes:
    out = bytearray()
    while at < len(body) and body[at] and len(out) < MAX_PACKET:
        out += body[at + 1 : at + 1 + body[at]]
        at += 1 + body[at]
    return bytes(out)

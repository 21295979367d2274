"""XMP in PNG: an iTXt chunk named `XML:com.adobe.xmp`, compressed or not (XMP part 3, 1.1.5).

ImageMagick used to write the packet in hexadecimal under `Raw profile type xmp`
(https://exiftool.org/TagNames/PNG.html#TextualData); that is read as well. RSL-SPEC-1.0 section 4.8 puts a
licence into an iTXt chunk and names no keyword, so that any whose text has the namespace of RSL counts.
"""

from __future__ import annotations

from collections.abc import Iterator

from reservations.readers.containers.bounds import MAX_PACKETS, MAX_STEPS, inflate
from reservations.readers.rsl_embedded import SIGN

MAGIC = b"\x89PNG\r\n\x1a\n"

_KEYWORD = b"XML:com.adobe.xmp"
_RAW_PROFILE = b"Raw profile type xmp"
_HEX = frozenset(b"0123456789abcdefABCDEF")


def packets(body: bytes) -> Iterator[bytes]:
    """The packets of a PNG, and texts that hold RSL."""
    others = MAX_PACKETS
    for kind, start, end in _chunks(body):
        if kind == b"iTXt" and body.startswith(_KEYWORD + b"\0", start, end):
            yield _international(body[start + len(_KEYWORD) + 1 : end])
        elif kind == b"iTXt" and others:
            others -= 1
            keyword = body.find(b"\0", start, min(start + 80, end)) + 1
            text = _international(body[keyword:end]) if keyword else b""
            if SIGN in text:
                yield text
        elif kind in (b"tEXt", b"zTXt"):
            yield from _plain(kind, body[start : min(start + 32, end)], body, start, end)


def may_hold_c2pa(body: bytes) -> bool:
    """Whether there is a `caBX` chunk (C2PA 1.4 section 11.3.2)."""
    return any(kind == b"caBX" for kind, _, _ in _chunks(body))


def _international(rest: bytes) -> bytes:
    """The text after flag, method, language and translated keyword (PNG section 11.3.3.4)."""
    language = rest.find(b"\0", 2)
    translated = rest.find(b"\0", language + 1) if language >= 0 else -1
    if translated < 0:
        return b""
    text = rest[translated + 1 :]
    return inflate(text) if rest[:1] != b"\0" else text


def _plain(kind: bytes, name: bytes, body: bytes, start: int, end: int) -> Iterator[bytes]:
    keyword = name.partition(b"\0")[0]
    if keyword not in (_KEYWORD, _RAW_PROFILE):
        return
    text = body[start + len(keyword) + 1 : end]
    if kind == b"zTXt":
        text = inflate(text[1:])
    yield text if keyword == _KEYWORD else _from_hex(text)


def _from_hex(profile: bytes) -> bytes:
    """A line with the name, one with the length, then lines of hexadecimal digits."""
    digits = bytes(b for b in b"".join(profile.split(b"\n")[3:]) if b in _HEX)
    return bytes.fromhex(digits[: len(digits) & ~1].decode("ascii"))


def _chunks(body: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Type, start and end of each chunk's data; the last one may be cut short."""
    at, size = len(MAGIC), len(body)
    for _ in range(MAX_STEPS):
        if at + 8 > size:
            return
        length = int.from_bytes(body[at : at + 4], "big")
        start = at + 8
        yield body[at + 4 : start], start, min(start + length, size)
        at = start + length + 4

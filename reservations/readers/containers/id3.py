"""ID3v2 tags of audio files: XMP in a `PRIV` frame, and text frames that hold RSL.

Spec: ID3 2.4.0, https://id3.org/id3v2.4.0-structure, with 2.2 and 2.3; XMP part 3, 1.1.3 (MP3). RSL-SPEC-1.0
section 4.8 names ID3 and no frame, so that every frame with the namespace of RSL in it counts.
"""

from __future__ import annotations

from collections.abc import Iterator

from reservations.readers.containers.bounds import MAX_PACKET, MAX_STEPS, inflate
from reservations.readers.rsl_embedded import SIGN

MAGIC = b"ID3"

_HEAD = 10
_UNSYNCHRONISED, _EXTENDED = 0x80, 0x40
_COMPRESSED, _FRAME_UNSYNCHRONISED, _LENGTH_SAID = 0x08, 0x02, 0x01
"""Flags of a frame in 2.4; 2.3 has compression at 0x80."""
_XMP_OWNER = b"XMP\0"
_WIDE = {encoding: SIGN.decode("ascii").encode(encoding) for encoding in ("utf-16-le", "utf-16-be")}


def packets(body: bytes) -> Iterator[bytes]:
    """XMP packets, and the texts of frames that hold RSL, in UTF-8."""
    for name, content in _frames(body):
        if name == b"PRIV" and content.startswith(_XMP_OWNER):
            yield content[len(_XMP_OWNER) :]
        elif SIGN in content:
            yield content[max(content.rfind(b"\0", 0, content.find(b"<") + 1) + 1, 0) :]
        elif wide := _from_utf16(content):
            yield wide


def _from_utf16(content: bytes) -> bytes:
    """A text that holds RSL, from UTF-16: with a byte order mark, or big-endian (ID3 2.4.0 section 4)."""
    little = content.rfind(b"\xff\xfe") > content.rfind(b"\xfe\xff")
    encoding = "utf-16-le" if little else "utf-16-be"
    at = content.find(_WIDE[encoding])
    # letters of two bytes, counted from the one that was found
    return content[at % 2 :].decode(encoding, "replace").encode("utf-8", "replace") if at >= 0 else b""


def _frames(body: bytes) -> Iterator[tuple[bytes, bytes]]:
    major, flags = body[3:4], body[5] if len(body) > _HEAD else 0
    end = min(_HEAD + _syncsafe(body[6:10]), len(body), _HEAD + MAX_PACKET)
    tag = body[_HEAD:end]
    if flags & _UNSYNCHRONISED and major != b"\4":
        tag = tag.replace(b"\xff\0", b"\xff")
    at = _after_extended(tag, major) if flags & _EXTENDED and major != b"\2" else 0
    names, head = (3, 6) if major == b"\2" else (4, 10)
    for _ in range(MAX_STEPS):
        name = tag[at : at + names]
        if len(tag) < at + head or not name.strip(b"\0"):
            return  # padding
        written = tag[at + names : at + names * 2]
        size = _syncsafe(written) if major == b"\4" else int.from_bytes(written, "big")
        content = tag[at + head : at + head + size]
        yield name, _plain(content, tag[at + 9] if head == 10 else 0, major)
        at += head + size


def _after_extended(tag: bytes, major: bytes) -> int:
    if major == b"\4":
        return _syncsafe(tag[:4])
    return 4 + int.from_bytes(tag[:4], "big")


def _plain(content: bytes, flags: int, major: bytes) -> bytes:
    """A frame's content without compression and unsynchronisation; encrypted ones stay what they are."""
    if major == b"\3" and flags & 0x80:
        return inflate(content[4:])
    if major == b"\4":
        if flags & _FRAME_UNSYNCHRONISED:
            content = content.replace(b"\xff\0", b"\xff")
        if flags & _LENGTH_SAID:
            content = content[4:]
        if flags & _COMPRESSED:
            return inflate(content)
    return content


def _syncsafe(data: bytes) -> int:
    """Seven bits of each byte."""
    number = 0
    for byte in data:
        number = number << 7 | byte & 0x7F
    return number

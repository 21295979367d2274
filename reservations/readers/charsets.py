"""Which encoding a page is in: byte order mark, then Content-Type, then what it declares, then UTF-8.

Spec: HTML Standard, "determining the character encoding",
https://html.spec.whatwg.org/#determining-the-character-encoding. Beyond it, and failing closed: UTF-32, and
UTF-16 that nothing announces, are read; bytes announced as UTF-16 that plainly are not are not read as it.
Nothing here raises.
"""

from __future__ import annotations

import codecs
from collections.abc import Sequence

from reservations.readers.charset_labels import STATEFUL, WIDE, web_encoding
from reservations.readers.charset_prescan import EXAMINED, declared_encoding
from reservations.readers.http_fields import charset_of, content_type_of

__all__ = ["STATEFUL", "WIDE", "as_utf8", "encoding_of", "mark_of", "needs_another_form", "web_encoding"]

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_OPENS = frozenset(b"< \t\r\n")
"""What a page begins with."""

_ESCAPE = 0x1B
"""Found by one byte, which is tens of times faster than by two."""

UTF_8 = (("Content-Type", "text/html; charset=utf-8"),)
"""Header lines of a page that was put into UTF-8."""


def encoding_of(body: bytes, fields: Sequence[tuple[str, str]]) -> str:
    """Python's name for the encoding of a page."""
    return (
        _from_bytes(body)
        or _from_header(charset_of(content_type_of(fields)), body)
        or declared_encoding(body)
        or "utf-8"
    )


def needs_another_form(body: bytes) -> bool:
    """Whether a page may be in an encoding in which tags are not their ASCII bytes; a cheap look."""
    return b"\0" in body[:EXAMINED] or _ESCAPE in body


def mark_of(body: bytes) -> int:
    """Bytes of the byte order mark."""
    return _mark(body)[0]


def _mark(body: bytes) -> tuple[int, str]:
    """Bytes of the byte order mark and what it says; that of UTF-16 before a NUL is not UTF-32's."""
    for mark, name in _MARKS:
        if body.startswith(mark) and (name != "utf-32-le" or body[6:8] == b"\0\0"):
            return len(mark), name
    return 0, ""


def as_utf8(body: bytes, encoding: str) -> bytes:
    """A page in UTF-8, without its byte order mark."""
    return body[mark_of(body) :].decode(encoding, "replace").encode("utf-8")


def _from_bytes(body: bytes) -> str:
    _, name = _mark(body)
    if name:
        return name
    start = body[:8]
    # UTF-16 and UTF-32 without mark or label: no browser reads it, but a reservation in it is plain to see.
    if b"\0" not in start:
        return ""
    return next((name for name, one, two, nulls in _UNMARKED if _looks_like(start, one, two, nulls)), "")


_UNMARKED = (
    ("utf-32-le", 0, 4, (1, 2, 3, 5, 6, 7)),
    ("utf-32-be", 3, 7, (0, 1, 2, 4, 5, 6)),
    ("utf-16-le", 0, 2, (1, 3)),
    ("utf-16-be", 1, 3, (0, 2)),
)
"""Where the first and the second character stand in bytes, and where NULs do."""


def _looks_like(start: bytes, first: int, second: int, nulls: tuple[int, ...]) -> bool:
    if len(start) <= max(*nulls, second) or start[first] not in _OPENS or not start[second]:
        return False
    return not any(start[n] for n in nulls)


def _from_header(label: str, body: bytes) -> str:
    name = web_encoding(label)
    return "" if name in WIDE and b"\0" not in body[:EXAMINED] else name

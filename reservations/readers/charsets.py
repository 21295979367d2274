"""Which encoding a page is in: BOM, then Content-Type, then its own meta element, then UTF-8.

After the HTML Standard's sniffing (https://html.spec.whatwg.org/#determining-the-character-encoding),
restricted to encodings browsers read; anything else is read as UTF-8. Nothing here raises.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence
from functools import lru_cache

from reservations.readers.http_fields import charset_of, content_type_of

_PRESCAN = 1024
"""Bytes in which a page must declare its charset (HTML Standard section 4.2.5.4)."""

_META_CHARSET = re.compile(rb"<meta[^>]{0,512}?charset\s*=\s*[\"']?\s*([a-z0-9_:.-]{1,40})")

_WEB = frozenset(
    {
        *("utf-8", "utf-16-le", "utf-16-be", "cp866", "koi8-r", "koi8-u", "mac-roman", "mac-cyrillic"),
        *("gbk", "gb18030", "big5", "euc_jp", "iso2022_jp", "cp932", "cp949", "cp874"),
        *(f"cp125{n}" for n in range(9)),
        *(f"iso8859-{n}" for n in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16)),
    }
)
_LABELS = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gbk",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "utf-16": "utf-16-le",
}
"""Labels that browsers read as a superset (https://encoding.spec.whatwg.org/#names-and-labels)."""


@lru_cache(maxsize=256)
def web_encoding(label: str) -> str:
    """Python's name for an encoding browsers read, or an empty string."""
    try:
        name = codecs.lookup(label.strip()).name
    except (LookupError, ValueError):
        return ""
    name = _LABELS.get(name, name)
    return name if name in _WEB else ""


def encoding_of(body: bytes, fields: Sequence[tuple[str, str]]) -> str:
    """Python's name for the encoding of a page."""
    return (
        _from_bytes(body) or web_encoding(charset_of(content_type_of(fields))) or _from_meta(body) or "utf-8"
    )


def _from_bytes(body: bytes) -> str:
    if body.startswith(codecs.BOM_UTF8):
        return "utf-8"
    if body.startswith(codecs.BOM_UTF16_LE):
        return "utf-16-le"
    if body.startswith(codecs.BOM_UTF16_BE):
        return "utf-16-be"
    # UTF-16 without BOM or label: no browser reads it, but a reservation in it is plain to see.
    start = body[:4]
    if len(start) == 4 and start[0:1] == b"<" and start[1] == 0 == start[3]:
        return "utf-16-le"
    if len(start) == 4 and start[1:2] == b"<" and start[0] == 0 == start[2]:
        return "utf-16-be"
    return ""


def _from_meta(body: bytes) -> str:
    match = _META_CHARSET.search(body[:_PRESCAN].lower())
    name = web_encoding(match[1].decode("ascii")) if match else ""
    # A page whose meta element can be read as ASCII is not in UTF-16 (HTML Standard, prescan step).
    return "utf-8" if name.startswith("utf-16") else name

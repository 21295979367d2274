"""Whether a body is a page: its media type says so, or says nothing and the bytes do.

MIME Sniffing Standard section 7.1, https://mimesniff.spec.whatwg.org/#rules-for-identifying-an-unknown-mime-type,
and XHTML behind an XML declaration, which is sent under the types of XML.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from reservations.readers.http_fields import content_type_of, media_type_of

_HTML_TYPES = frozenset({"text/html", "application/xhtml+xml"})
_SNIFFED_TYPES = frozenset({"", "application/octet-stream", "application/xml"})
_OPENINGS = (
    b"<!doctype html",
    b"<html",
    b"<head",
    b"<body",
    b"<meta",
    b"<title",
    b"<script",
    b"<link",
    b"<!--",
)
_XHTML = re.compile(rb"<\?xml\b[^<>]*+>(?:\s++|<[?!][^<>]*+>)*+<html[\s>]")


def looks_like_html(fields: Sequence[tuple[str, str]], body: bytes) -> bool:
    """Whether a body is read as HTML: its type says so, or it says nothing and the bytes do."""
    media_type = media_type_of(content_type_of(fields))
    if media_type in _HTML_TYPES:
        return True
    if media_type not in _SNIFFED_TYPES and not media_type.startswith("text/"):
        return False
    start = body[:1024].replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n\f").lower()
    return start.startswith(_OPENINGS) or _XHTML.match(start) is not None

"""CDXJ: the index by which pywb and other players find a record in a WARC file.

A line is the key of the URL, the time, and JSON: https://specs.webrecorder.net/cdxj/0.1.0/
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

from crawler.store.warc import StoredRecord

_PORTS = {"http": 80, "https": 443}
_WWW = re.compile(r"www\d*\.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the record lies in the bundle's WARC file."""

    file: str
    offset: int
    length: int


def line(record: StoredRecord, place: Place) -> str:
    """The line of a response record."""
    url = record.field("WARC-Target-URI")
    when = datetime.fromisoformat(record.field("WARC-Date")).astimezone(UTC)
    status = record.status_line.split(b" ", 2)[1:2]
    about = {
        "url": url,
        "mime": record.header(b"content-type").decode("latin-1").partition(";")[0].strip().lower() or "unk",
        "status": status[0].decode("latin-1") if status else "-",
        "digest": record.field("WARC-Payload-Digest").removeprefix("sha1:"),
        "length": str(place.length),
        "offset": str(place.offset),
        "filename": place.file,
    }
    return f"{key(url)} {when:%Y%m%d%H%M%S} {json.dumps(about)}"


def index(lines: Iterable[str]) -> bytes:
    """The file: lines in the order of their bytes."""
    return b"".join(text + b"\n" for text in sorted(one.encode("ascii") for one in lines))


def key(url: str) -> str:
    """`https://www.Example.org:443/A/?b=1&a=2` to `org,example)/a?a=2&b=1`: what players look up."""
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        return _ascii(url.lower())
    host = _WWW.sub("", host, count=1) if _WWW.match(host) else host
    where = host if ":" in host else ",".join(reversed(host.split(".")))
    if port is not None and port != _PORTS.get(parts.scheme.lower()):
        where = f"{where}:{port}"
    path = parts.path.lower() or "/"
    path = path[:-1] if len(path) > 1 and path.endswith("/") else path
    query = "&".join(sorted(parts.query.lower().split("&"))) if parts.query else ""
    return _ascii(f"{where}){path}" + (f"?{query}" if query else ""))


def _ascii(text: str) -> str:
    """A key has no blanks, which part the fields, and nothing beyond ASCII."""
    return "".join(
        c if "!" <= c <= "~" else "".join(f"%{b:02x}" for b in c.encode("utf-8", "backslashreplace"))
        for c in text
    )

"""What goes into a WARC record. Nothing a server sends can change where a record or a head ends."""

from __future__ import annotations

import re
from base64 import b32encode
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha1
from uuid import uuid4

HeaderLine = tuple[bytes, bytes]

CONFORMS_TO = "http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/"
RENAMED = b"X-Crawler-"
"""Prefix of fields that told how the body travelled and would be false of the body as stored."""

_BREAKS = re.compile(rb"[\r\n\0]+")
_STATUS_LINE = re.compile(rb"HTTP/\d(?:\.\d)? \d{3}(?: |\Z)")
_NOT_IN_NAME = re.compile(rb"[\r\n\0: \t]")
_NOT_IN_URI = re.compile(r"[\x00-\x20\x7f]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """An HTTP answer as it came, after the chunks were joined and before anything was decompressed."""

    url: str
    date: datetime
    status_line: bytes
    header_lines: tuple[HeaderLine, ...]
    body: bytes
    ip: str | None = None
    """The address that answered; None where a proxy hides it."""
    truncated: str = ""
    """Why the body is not all there (`length`, `time`, `disconnect`), in the words of WARC 1.1 5.13."""


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """Who writes a file, and under which rules: its first record."""

    software: str
    operator: str
    contact: str
    user_agent: str
    info_url: str = ""
    robots: str = "RFC 9309 and every machine-readable reservation of rights are honoured"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A record about to be written."""

    id: str
    """`<urn:uuid:...>`, for other records to refer to."""
    type: str
    date: datetime
    fields: tuple[tuple[str, str], ...]
    block: bytes
    compressed: bool = False
    """The block is mostly compressed already, so that compressing it again costs time and grows it."""

    def head(self, warcinfo_id: str | None = None) -> bytes:
        """The record's own header, with the empty line that ends it."""
        about = () if warcinfo_id is None else (("WARC-Warcinfo-ID", warcinfo_id),)
        lines = (
            ("WARC-Type", self.type),
            ("WARC-Record-ID", self.id),
            ("WARC-Date", _moment(self.date)),
            *self.fields,
            *about,
            ("WARC-Block-Digest", digest(self.block)),
            ("Content-Length", str(len(self.block))),
        )
        text = "WARC/1.1\r\n" + "".join([f"{name}: {value}\r\n" for name, value in lines]) + "\r\n"
        return text.encode("utf-8", "backslashreplace")


def response_record(received: Received, *, concurrent_to: Iterable[str] = ()) -> Record:
    """An answer with its body. `concurrent_to` names records of the same exchange."""
    address = () if received.ip is None else (("WARC-IP-Address", _one_line(received.ip)),)
    cut = () if not received.truncated else (("WARC-Truncated", _one_line(received.truncated)),)
    return Record(
        id=_new_id(),
        type="response",
        date=received.date,
        fields=(
            ("WARC-Target-URI", _uri(received.url)),
            *address,
            *cut,
            *_concurrent(concurrent_to),
            ("Content-Type", "application/http; msgtype=response"),
            ("WARC-Payload-Digest", digest(received.body)),
        ),
        block=http_head(received) + received.body,
        compressed=_is_compressed(received.header_lines),
    )


def request_record(url: str, date: datetime, sent: bytes, *, concurrent_to: Iterable[str] = ()) -> Record:
    """A request as it was sent. The caller leaves out what must not be kept (proxy credentials)."""
    fields = (
        ("WARC-Target-URI", _uri(url)),
        *_concurrent(concurrent_to),
        ("Content-Type", "application/http; msgtype=request"),
    )
    return Record(id=_new_id(), type="request", date=date, fields=fields, block=sent)


@dataclass(frozen=True, slots=True, kw_only=True)
class Extract:
    """What is kept of an answer instead of the answer: its head, or the elements that carry signals."""

    url: str
    date: datetime
    media_type: str
    content: bytes


def metadata_record(extract: Extract, *, concurrent_to: Iterable[str] = ()) -> Record:
    """Evidence about a URL whose body is not kept here."""
    fields = (
        ("WARC-Target-URI", _uri(extract.url)),
        *_concurrent(concurrent_to),
        ("Content-Type", _one_line(extract.media_type)),
    )
    return Record(id=_new_id(), type="metadata", date=extract.date, fields=fields, block=extract.content)


def warcinfo_record(about: About, name: str, date: datetime) -> Record:
    """The first record of a file."""
    lines = (
        ("software", about.software),
        ("format", "WARC File Format 1.1"),
        ("conformsTo", CONFORMS_TO),
        ("operator", f"{about.operator} <{about.contact}>" if about.contact else about.operator),
        ("http-header-user-agent", about.user_agent),
        ("description", about.info_url),
        ("robots", about.robots),
    )
    block = "".join(f"{key}: {_one_line(value)}\r\n" for key, value in lines if value)
    fields = (("WARC-Filename", name), ("Content-Type", "application/warc-fields"))
    return Record(
        id=_new_id(),
        type="warcinfo",
        date=date,
        fields=fields,
        block=block.encode("utf-8", "backslashreplace"),
    )


def http_head(received: Received) -> bytes:
    """Status and header lines as sent, except where they would be false of the body as stored.

    A kept `Transfer-Encoding: chunked` makes warcio and pywb look for chunks in a body that has none,
    and a wrong Content-Length makes them cut it; both stay readable under another name.
    """
    status = _BREAKS.sub(b" ", received.status_line).strip()
    if not _STATUS_LINE.match(status):
        status = b"HTTP/1.0 000 " + status
    length = b"%d" % len(received.body)
    lines: list[bytes] = [status]
    told = False
    for raw_name, raw_value in received.header_lines:
        name = _NOT_IN_NAME.sub(b"_", raw_name) or b"_"
        value = _BREAKS.sub(b" ", raw_value)
        kind = name.lower()
        if kind == b"transfer-encoding" or (kind == b"content-length" and (told or value.strip() != length)):
            name = RENAMED + name
        elif kind == b"content-length":
            told = True
        lines.append(name + b": " + value)
    if not told:
        lines.append(b"Content-Length: " + length)
    return b"\r\n".join(lines) + b"\r\n\r\n"


def digest(data: bytes) -> str:
    """`sha1:` and base 32, the form every WARC tool checks; against accidents, the record has SHA-256."""
    return "sha1:" + b32encode(sha1(data, usedforsecurity=False).digest()).decode()


def _is_compressed(lines: Iterable[HeaderLine]) -> bool:
    for name, value in lines:
        kind, said = name.lower(), value.strip().lower()
        if kind == b"content-encoding" and said not in (b"", b"identity"):
            return True
        if kind == b"content-type" and said.startswith(
            (b"image/", b"video/", b"audio/", b"application/epub")
        ):
            return not said.startswith(b"image/svg")
    return False


def _new_id() -> str:
    return f"<urn:uuid:{uuid4()}>"


def _concurrent(ids: Iterable[str]) -> tuple[tuple[str, str], ...]:
    return tuple(("WARC-Concurrent-To", record_id) for record_id in ids)


def _moment(date: datetime) -> str:
    return date.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _one_line(text: str) -> str:
    return " ".join(re.split(r"[\x00-\x1f\x7f]+", text)).strip()


def _uri(url: str) -> str:
    return _NOT_IN_URI.sub(lambda match: f"%{ord(match[0]):02X}", url)

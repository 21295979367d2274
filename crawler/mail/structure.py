"""A message taken apart into text and attachments (RFC 2045, RFC 2046), bounded in every direction.

Python's own parser of the structure is not used: a message of 300 kB with 150 levels takes it 4 seconds,
one with 2,000 levels ends in RecursionError. This one looks at each byte at most `MAX_DEPTH` times.
"""

from __future__ import annotations

import binascii
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256

from crawler.mail.fields import Fields, decoded, first, parameter, read_fields, split_header
from crawler.mail.html_text import html_text

MAX_DEPTH = 8
MAX_PARTS = 100
MAX_BOUNDARY = 200
MAX_TEXT = 1_000_000
"""Bytes of one text that are read."""
_BASE64 = bytes(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file that came with a message, as it is listed: nothing of it is kept or opened."""

    name: str
    media_type: str
    bytes: int
    sha256: str
    """Of the file after its transfer encoding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What a message holds."""

    text: str
    attachments: tuple[Attachment, ...]
    left_out: int
    """Parts beyond what is read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    media_type: str
    charset: str
    name: str
    is_text: bool
    content: bytes


@dataclass(slots=True)
class _Budget:
    parts: int = MAX_PARTS
    left_out: int = field(default=0)


def read_content(fields: Fields, body: bytes) -> Content:
    """Text and attachments of a message. Never raises."""
    budget = _Budget()
    parts = _leaves(fields, body, MAX_DEPTH, budget)
    texts = [_text(part) for part in parts if part.is_text]
    listed = tuple(
        Attachment(
            name=part.name[:300],
            media_type=part.media_type[:100],
            bytes=len(part.content),
            sha256=sha256(part.content).hexdigest(),
        )
        for part in parts
        if not part.is_text
    )
    return Content(
        text="\n".join(text for text in texts if text.strip()), attachments=listed, left_out=budget.left_out
    )


def _leaves(fields: Fields, body: bytes, depth: int, budget: _Budget) -> list[_Part]:
    """The parts of a message in order; of alternatives the plain text, where there is any."""
    declared = first(fields, "content-type")
    media_type = declared.partition(";")[0].strip().lower() or "text/plain"
    boundary = parameter(declared, "boundary").encode("utf-8", "replace")
    if not media_type.startswith("multipart/") or not 0 < len(boundary) <= MAX_BOUNDARY or depth == 0:
        return [_leaf(fields, media_type, body)]
    found: list[_Part] = []
    for piece in _pieces(body, boundary):
        if budget.parts == 0:
            budget.left_out += 1
            continue
        budget.parts -= 1
        header, content = split_header(piece)
        found += _leaves(read_fields(header), content, depth - 1, budget)
    if media_type == "multipart/alternative" and any(_is_plain(part) for part in found):
        return [part for part in found if not part.is_text or part.media_type != "text/html"]
    return found


def _is_plain(part: _Part) -> bool:
    return part.is_text and part.media_type == "text/plain" and bool(part.content.strip())


def _pieces(body: bytes, boundary: bytes) -> Iterator[bytes]:
    """What lies between the lines `--boundary`; the last piece may lack its end (RFC 2046 section 5.1.1)."""
    mark, start, at = b"--" + boundary, -1, 0
    while (at := body.find(mark, at)) != -1:
        end = body.find(b"\n", at)
        end = len(body) if end == -1 else end + 1
        rest = body[at + len(mark) : min(end, at + len(mark) + 100)].strip()
        if (at == 0 or body[at - 1 : at] == b"\n") and rest in (b"", b"--"):
            if start != -1:
                yield _without_last_break(body[start:at])
            start = end
            if rest == b"--":
                return
        at = end
    if start != -1:
        yield body[start:]


def _without_last_break(piece: bytes) -> bytes:
    return piece[: -2 if piece.endswith(b"\r\n") else -1] if piece.endswith(b"\n") else piece


def _leaf(fields: Fields, media_type: str, body: bytes) -> _Part:
    disposition = first(fields, "content-disposition")
    declared = first(fields, "content-type")
    name = parameter(disposition, "filename") or parameter(declared, "name")
    attached = disposition.partition(";")[0].strip().lower() == "attachment"
    is_text = media_type in ("text/plain", "text/html") and not attached and not name
    return _Part(
        media_type=media_type,
        charset=parameter(declared, "charset"),
        name=name,
        is_text=is_text,
        content=_transferred(first(fields, "content-transfer-encoding"), body),
    )


def _transferred(encoding: str, body: bytes) -> bytes:
    """The bytes behind a transfer encoding (RFC 2045 section 6); as they are where it is broken."""
    kind = encoding.strip().lower()
    if kind == "base64":
        clean = body.translate(None, _BASE64)
        clean = clean[: len(clean) - 1] if len(clean) % 4 == 1 else clean
        return binascii.a2b_base64(clean + b"=" * (-len(clean) % 4))
    return binascii.a2b_qp(body) if kind == "quoted-printable" else body


def _text(part: _Part) -> str:
    text = decoded(part.content[:MAX_TEXT], part.charset or "utf-8")
    return html_text(text) if part.media_type == "text/html" else text

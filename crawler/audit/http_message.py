"""An HTTP answer as a WARC record holds it: head and body, bounded. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from crawler.store.warc.codings import BodyTooLargeError, UnreadableEncodingError, decode

MAX_HEAD = 256 * 2**10
MAX_LINES = 1000
_STATUS = re.compile(rb"HTTP/\d(?:\.\d)? +(\d{3})(?: |\r|\n|\Z)")
_CHUNK = re.compile(rb"([0-9a-fA-F]{1,8})[ \t]*(?:;[^\r\n]{0,1000})?\r?\n")


class MessageError(Exception):
    """What is no HTTP answer; says why."""


class BodyLostError(Exception):
    """A body that cannot be had whole; `code` is the reason code."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A status, header lines in order, and the body as it was stored."""

    status: int
    fields: tuple[tuple[str, str], ...]
    body: bytes

    def field(self, name: str) -> str:
        """The last value of a field; empty where there is none."""
        return next((value for key, value in reversed(self.fields) if key.lower() == name), "")


def read_message(block: bytes) -> Message:
    """Take head and body apart. Raises MessageError."""
    status = _STATUS.match(block[:64])
    if status is None:
        raise MessageError("the record holds no HTTP answer")
    end, size = _end_of_head(block)
    lines = block[:end].split(b"\n")[1:]
    if len(lines) > MAX_LINES:
        raise MessageError(f"a head of more than {MAX_LINES} lines")
    return Message(status=int(status[1]), fields=_fields(lines), body=block[end + size :])


def whole_body(message: Message, limit: int) -> bytes:
    """The body without its codings. Raises BodyLostError beyond `limit`, and where one cannot be undone."""
    body = message.body
    if message.field("transfer-encoding").lower().endswith("chunked"):
        body = _unchunked(body)
    codings = message.field("content-encoding").split(",")
    if codings == ["gzip"] and not body.startswith(b"\x1f\x8b"):
        return body  # many writers undo the coding and leave the field
    try:
        return decode(body, codings, limit)
    except BodyTooLargeError as error:
        raise BodyLostError("error.too_large", str(error)) from error
    except UnreadableEncodingError as error:
        raise BodyLostError("error.undecodable", str(error)) from error


def _end_of_head(block: bytes) -> tuple[int, int]:
    ends = [
        (place, len(mark)) for mark in (b"\r\n\r\n", b"\n\n") if (place := block.find(mark, 0, MAX_HEAD)) >= 0
    ]
    if ends:
        return min(ends)
    if len(block) > MAX_HEAD:
        raise MessageError(f"a head of more than {MAX_HEAD} bytes")
    return len(block), 0


def _fields(lines: list[bytes]) -> tuple[tuple[str, str], ...]:
    found: list[tuple[str, str]] = []
    for raw in lines:
        line = raw.rstrip(b"\r").decode("latin-1")
        if line[:1] in (" ", "\t") and found:  # obs-fold, RFC 9112 section 5.2
            name, value = found[-1]
            found[-1] = (name, f"{value} {line.strip()}")
        elif ":" in line:
            name, _, value = line.partition(":")
            found.append((name.strip(), value.strip()))
    return tuple(found)


def _unchunked(body: bytes) -> bytes:
    """The chunks joined; a body that has none is left as it is, since most writers join them already."""
    parts: list[bytes] = []
    at = 0
    while (chunk := _CHUNK.match(body, at)) is not None:
        size, start = int(chunk[1], 16), chunk.end()
        if size == 0:
            return b"".join(parts)
        parts.append(body[start : start + size])
        at = start + size
        if len(parts[-1]) < size:
            raise BodyLostError("error.truncated", "the body ends within a chunk")
        at += 2 if body[at : at + 2] == b"\r\n" else 1 if body[at : at + 1] == b"\n" else 0
    if not parts:
        return body
    raise BodyLostError("error.truncated", "the body ends before its last chunk")

"""Just enough HTTP/1.1 for the demo web: reading requests, writing response heads."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus

MAX_HEAD = 64 * 1024
MAX_BODY = 64 * 1024


class BadRequestError(Exception):
    """A request that gets an error and a closed connection."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status.phrase)
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """The head of a request, its bytes read as latin-1."""

    method: str
    target: str
    version: str
    fields: tuple[tuple[str, str], ...]

    def get(self, name: str) -> str | None:
        """The first value of a header field."""
        return next((value for key, value in self.fields if key.lower() == name), None)

    @property
    def path(self) -> str:
        """The target without the origin a proxy would send and without a fragment."""
        target = self.target.partition("#")[0]
        if not target.startswith("/") and "://" in target:
            target = "/" + target.partition("://")[2].partition("/")[2]
        return target

    @property
    def keep_alive(self) -> bool:
        """Whether the client wants to go on with this connection."""
        connection = (self.get("connection") or "").lower()
        return "close" not in connection and (self.version == "HTTP/1.1" or "keep-alive" in connection)


async def read_request(reader: asyncio.StreamReader) -> Request | None:
    """The next request, its body thrown away; None when the client is done."""
    try:
        raw = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    except asyncio.LimitOverrunError as error:
        raise BadRequestError(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE) from error
    request = parse_head(raw)
    await _skip_body(reader, request)
    return request


def parse_head(raw: bytes) -> Request:
    """Request line and fields; BadRequestError if they are not HTTP."""
    lines = raw.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
    words = lines[0].split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        raise BadRequestError(HTTPStatus.BAD_REQUEST)
    pairs = (line.partition(":") for line in lines[1:])
    fields = tuple((name.strip(), value.strip()) for name, _, value in pairs)
    return Request(method=words[0], target=words[1], version=words[2], fields=fields)


def response_head(status: int, fields: Iterable[tuple[str, str]]) -> bytes:
    """Status line and fields. latin-1, and unchecked on purpose: some sites send what they should not."""
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = "Unknown"
    lines = [f"HTTP/1.1 {status} {phrase}", *(f"{name}: {value}" for name, value in fields)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


async def _skip_body(reader: asyncio.StreamReader, request: Request) -> None:
    if request.get("transfer-encoding"):
        raise BadRequestError(HTTPStatus.LENGTH_REQUIRED)
    length = request.get("content-length") or "0"
    if not (length.isascii() and length.isdecimal()):
        raise BadRequestError(HTTPStatus.BAD_REQUEST)
    if len(length) > 9 or int(length) > MAX_BODY:
        raise BadRequestError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    await reader.readexactly(int(length))

"""Undoing a Content-Encoding, never beyond a bound: a few kilobytes can unpack to gigabytes."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable

import brotli  # type: ignore[import-untyped]
from backports import zstd

MAX_BODY = 256 * 2**20
MAX_CODINGS = 5


class BodyTooLargeError(Exception):
    """A body grows beyond the bound when decompressed."""


class UnreadableEncodingError(Exception):
    """A Content-Encoding is unknown here, or the body is not in it."""


def decode(body: bytes, codings: Iterable[str], limit: int = MAX_BODY) -> bytes:
    """The body without its codings, which are given in the order they were applied.

    A body that ends early gives what could be read of it. Raises BodyTooLargeError beyond `limit`
    bytes, UnreadableEncodingError where it cannot be decoded.
    """
    names = [name for name in (coding.strip().lower() for coding in codings) if name not in ("", "identity")]
    if len(names) > MAX_CODINGS:
        raise UnreadableEncodingError(f"{len(names)} codings on top of each other")
    for name in reversed(names):
        decoder = _DECODERS.get(name)
        if decoder is None:
            raise UnreadableEncodingError(f"no decoder for Content-Encoding {name[:40]!r}")
        try:
            body = decoder(body, limit + 1)
        except (zlib.error, brotli.error, zstd.ZstdError, EOFError) as error:
            raise UnreadableEncodingError(f"the body is not {name}: {error}") from error
        if len(body) > limit:
            raise BodyTooLargeError(f"more than {limit} bytes when decompressed")
    return body


def _gzip(body: bytes, limit: int) -> bytes:
    inflater = zlib.decompressobj(31)
    data = inflater.decompress(body, limit)
    # A gzip file is a series of members; what follows the last is padding.
    # https://www.rfc-editor.org/rfc/rfc1952#section-2.2
    while inflater.eof and inflater.unused_data.startswith(b"\x1f\x8b") and len(data) < limit:
        rest = inflater.unused_data
        inflater = zlib.decompressobj(31)
        data += inflater.decompress(rest, limit - len(data))
    return data


def _deflate(body: bytes, limit: int) -> bytes:
    # Servers send both forms under this name: https://zlib.net/zlib_faq.html#faq39
    try:
        return zlib.decompressobj(15).decompress(body, limit)
    except zlib.error:
        return zlib.decompressobj(-15).decompress(body, limit)


def _brotli(body: bytes, limit: int) -> bytes:
    inflater = brotli.Decompressor()
    pieces = [inflater.process(body, output_buffer_limit=limit)]
    size = len(pieces[0])
    while size < limit and not inflater.is_finished() and not inflater.can_accept_more_data():
        pieces.append(inflater.process(b"", output_buffer_limit=limit - size))
        size += len(pieces[-1])
    return b"".join(pieces)


def _zstd(body: bytes, limit: int) -> bytes:
    data = b""
    # https://www.rfc-editor.org/rfc/rfc8878#section-3: frames one after the other
    while body and len(data) < limit:
        inflater = zstd.ZstdDecompressor()
        data += inflater.decompress(body, limit - len(data))
        body = inflater.unused_data if inflater.eof else b""
    return data


_DECODERS: dict[str, Callable[[bytes, int], bytes]] = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
    "br": _brotli,
    "zstd": _zstd,
}

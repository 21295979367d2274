"""Read a body within bounds, whatever it claims to be.

Measured: 200 MB of zeros as gzip make `httpx.Response.aiter_bytes` decode 67 MB before a 5 MiB cap
is seen; decoding 64 KiB at a time stops at the cap.
"""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterable, Iterator

_PIECE = 65536
_GZIP = 31
_ZLIB = 15
_RAW_DEFLATE = -15


class BodyError(Exception):
    """A body that cannot be had whole; `code` is `too_large`, `truncated` or `undecodable`."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code = code
        self.why = why


async def read_body(chunks: AsyncIterable[bytes], coding: str, cap: int) -> bytes:
    """All bytes of a body, decoded. Raises BodyError; never holds more than `cap` and a piece."""
    decoder = _decoder(coding)
    out = bytearray()
    received = 0
    async for chunk in chunks:
        received += len(chunk)
        for piece in decoder.feed(chunk) if decoder else (chunk,):
            out += piece
            if len(out) > cap:
                raise BodyError("too_large", f"more than {cap} bytes")
        # A stream of empty gzip members decodes to nothing, for ever.
        if received > cap:
            raise BodyError("too_large", f"more than {cap} bytes on the wire")
    if decoder and received and not decoder.complete:
        raise BodyError("truncated", f"the {coding} stream ends in the middle")
    return bytes(out)


def decode_whole(raw: bytes, coding: str, cap: int) -> bytes:
    """A body that was received whole, decoded. Raises BodyError; never holds more than `cap` and a piece."""
    decoder = _decoder(coding)
    if decoder is None:
        if len(raw) > cap:
            raise BodyError("too_large", f"more than {cap} bytes")
        return raw
    out = bytearray()
    for piece in decoder.feed(raw):
        out += piece
        if len(out) > cap:
            raise BodyError("too_large", f"more than {cap} bytes once decoded")
    if raw and not decoder.complete:
        raise BodyError("truncated", f"the {coding} stream ends in the middle")
    return bytes(out)


def _decoder(coding: str) -> Inflater | None:
    name = coding.strip().lower()
    if name in ("", "identity"):
        return None
    if name in ("gzip", "x-gzip", "deflate"):
        return Inflater(gzip=name != "deflate")
    raise BodyError("undecodable", f"content coding {name[:40]!r} was not asked for")


class Inflater:
    """gzip (concatenated members too, RFC 1952 section 2.2) and deflate, a bounded piece at a time."""

    def __init__(self, *, gzip: bool) -> None:
        self._gzip = gzip
        self._inflate: zlib._Decompress | None = None
        self._head = b""
        self._ended = False
        self._padding = False

    @property
    def complete(self) -> bool:
        """Whether the last member ended; what followed it was no member."""
        return self._ended and self._inflate is None

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Decode what came; pieces of at most 64 KiB. Raises BodyError."""
        # A full piece may leave output inside zlib with all input taken: ask again.
        full = False
        while data or full:
            inflate = self._inflate
            if inflate is None:
                data = self._start(data)
                if not data:
                    return
                continue
            try:
                piece = inflate.decompress(data, _PIECE)
            except zlib.error as error:
                raise BodyError("undecodable", str(error)[:100]) from error
            full, data = len(piece) == _PIECE, inflate.unconsumed_tail
            if inflate.eof:
                full, data = False, inflate.unused_data
                self._inflate, self._ended = None, True
            yield piece

    def _start(self, data: bytes) -> bytes:
        """Choose a decoder by the first two bytes, which may come one by one."""
        data, self._head = self._head + data, b""
        if self._padding:
            return b""
        if len(data) < 2:
            self._head = data
            return b""
        if self._ended and not (self._gzip and data.startswith(b"\x1f\x8b")):
            # Padding after the last member: ignored, as gunzip and browsers do.
            self._padding = True
            return b""
        self._inflate = zlib.decompressobj(self._wbits(data))
        return data

    def _wbits(self, data: bytes) -> int:
        if self._gzip:
            return _GZIP
        # "deflate" is zlib by RFC 9110 section 8.4.1.2, and bare deflate in the wild.
        is_zlib = data[0] & 0x0F == 8 and int.from_bytes(data[:2], "big") % 31 == 0
        return _ZLIB if is_zlib else _RAW_DEFLATE

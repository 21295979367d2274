"""Reading one record back by its position: bounded, and checked against its own digest."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path

from crawler.store.warc.codings import MAX_BODY, decode
from crawler.store.warc.records import HeaderLine, digest

MAX_RECORD = 256 * 2**20


class WarcIntegrityError(Exception):
    """A file does not hold what it should; the message names file and offset."""

    def __init__(self, file: Path, offset: int, what: str) -> None:
        super().__init__(f"{file} at byte {offset}: {what}")
        self.file = file
        self.offset = offset


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRecord:
    """A record as read."""

    fields: tuple[tuple[str, str], ...]
    """The record's own header lines."""
    status_line: bytes
    """Empty for a record that is no HTTP message."""
    header_lines: tuple[HeaderLine, ...]
    body: bytes
    """Of an HTTP message its body as received, of any other record the block."""

    def field(self, name: str) -> str:
        """The first of the record's own fields of that name; empty if there is none."""
        wanted = name.lower()
        return next((value for key, value in self.fields if key.lower() == wanted), "")

    def header(self, name: bytes) -> bytes:
        """The HTTP header lines of that name, joined as RFC 9110 section 5.3 says."""
        wanted = name.lower()
        return b", ".join(value for key, value in self.header_lines if key.lower() == wanted)


def read_member(path: Path, offset: int, length: int) -> bytes:
    """The compressed bytes of a record. Raises WarcIntegrityError where the file ends before."""
    try:
        with path.open("rb") as file:
            file.seek(offset)
            data = file.read(length)
    except OSError as error:
        raise WarcIntegrityError(path, offset, f"cannot be read ({error.strerror})") from error
    if len(data) != length:
        raise WarcIntegrityError(path, offset, f"ends after {len(data)} of {length} bytes")
    return data


def read_record(path: Path, offset: int, length: int, *, limit: int = MAX_RECORD) -> StoredRecord:
    """Read, decompress and check the record at a position.

    Raises WarcIntegrityError where there is no such record or its block digest does not match.
    """
    return parse_member(read_member(path, offset, length), path, offset, limit=limit)


def parse_member(member: bytes, path: Path, offset: int, *, limit: int = MAX_RECORD) -> StoredRecord:
    """The record in a gzip member; `path` and `offset` are for the message of an error."""
    inflater = zlib.decompressobj(31)
    try:
        data = inflater.decompress(member, limit)
    except zlib.error as error:
        raise WarcIntegrityError(path, offset, f"no gzip member ({error})") from error
    if not inflater.eof or inflater.unused_data:
        raise WarcIntegrityError(path, offset, f"not one whole gzip member within {limit} bytes")
    head, _, rest = data.partition(b"\r\n\r\n")
    version, *lines = head.decode("utf-8", "replace").split("\r\n")
    fields = tuple((name, value.strip()) for name, _, value in (line.partition(":") for line in lines))
    stated = {name.lower(): value for name, value in fields}
    if not version.startswith("WARC/1.") or stated.get("content-length") != str(len(rest) - 4):
        raise WarcIntegrityError(path, offset, "no WARC record")
    block = rest[:-4]
    if stated.get("warc-block-digest") != digest(block):
        raise WarcIntegrityError(path, offset, "the block does not match its digest")
    return _split(fields, block, is_http=stated.get("content-type", "").startswith("application/http"))


def _split(fields: tuple[tuple[str, str], ...], block: bytes, *, is_http: bool) -> StoredRecord:
    if not is_http:
        return StoredRecord(fields=fields, status_line=b"", header_lines=(), body=block)
    head, _, body = block.partition(b"\r\n\r\n")
    status, *lines = head.split(b"\r\n")
    pairs = (line.partition(b":") for line in lines)
    headers = tuple((name, value.removeprefix(b" ")) for name, _, value in pairs)
    return StoredRecord(fields=fields, status_line=status, header_lines=headers, body=body)


def decoded_body(record: StoredRecord, *, limit: int = MAX_BODY) -> bytes:
    """The body with its Content-Encoding undone, at most `limit` bytes.

    Raises BodyTooLargeError beyond that, UnreadableEncodingError where the body cannot be decoded.
    """
    return decode(record.body, record.header(b"content-encoding").decode("latin-1").split(","), limit)

"""The WARC file of a bundle: records as they lie in the instance, and what has no record there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import BinaryIO
from uuid import NAMESPACE_URL, uuid5

from crawler.exports.bundle.cdxj import Place, line
from crawler.store.queries.decisions import Warc
from crawler.store.queries.holdings import Holding
from crawler.store.warc import (
    About,
    Extract,
    Record,
    gzip_member,
    metadata_record,
    parse_member,
    read_member,
    warcinfo_record,
)

_MEDIA_TYPES = {
    "html-signals": "application/json",
    "c2pa-assertions": "application/json",
    "rsl-embedded": "application/json",
    "image-xmp": "application/xml",
    "pdf-xmp": "application/xml",
    "epub-opf": "application/xml",
}
TEXT = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """A WARC file to be written."""

    data: Path
    """The instance's data folder, which places of records are below."""
    name: str
    about: About
    date: datetime
    """Of the first record: when the record was last added to, so that the same record gives the same
    bytes."""
    documents: bool = True
    """Whether kept documents themselves are handed over."""


def begin_archive(archive: Archive, stream: BinaryIO) -> None:
    """Write the first record, which says what the file is."""
    stream.write(gzip_member(_info(archive)))


def write_archive(archive: Archive, found: Iterable[Holding], stream: BinaryIO) -> list[str]:
    """Write what is held to the end of the file; the answer is the lines of its index.

    Raises WarcIntegrityError where a stored record is not the one that was written.
    """
    info, lines = _info(archive), []
    for holding in found:
        place = holding.warc
        if place is not None and (archive.documents or not place.file.startswith("warc/")):
            indexed = _copied(archive, place, stream)
            lines += [indexed] if indexed else []  # what was removed has no address to be found by
        else:
            stream.write(gzip_member(_extract(holding), info.id))
    return lines


def _info(archive: Archive) -> Record:
    return named(warcinfo_record(archive.about, archive.name, archive.date), "warcinfo")


def _copied(archive: Archive, place: Warc, stream: BinaryIO) -> str:
    path = archive.data / place.file
    member = read_member(path, place.offset, place.length)
    record = parse_member(member, path, place.offset)
    at = Place(file=archive.name, offset=stream.tell(), length=len(member))
    stream.write(member)
    return line(record, at) if record.field("WARC-Target-URI") else ""


def _extract(holding: Holding) -> Record:
    """What is kept of an answer that has no record of its own; of a missing one, why it is missing."""
    content = holding.content or f"{holding.outcome}: {holding.why or 'no content'}\n".encode()
    extract = Extract(
        url=holding.url,
        date=holding.fetched_at,
        media_type=_MEDIA_TYPES.get(holding.kind, TEXT) if holding.content else TEXT,
        content=content,
    )
    return named(metadata_record(extract), str(holding.id))


def named(record: Record, name: str) -> Record:
    """The record under an id that depends on what it holds, so that a bundle can be made again."""
    text = f"{name} {record.date.isoformat()} {record.fields} {record.block.hex()}"
    return replace(record, id=f"<urn:uuid:{uuid5(NAMESPACE_URL, text)}>")

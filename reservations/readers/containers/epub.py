"""The package document of an EPUB, by way of META-INF/container.xml (EPUB OCF 3.3 section 4.2.6.3.1)."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator

from reservations.readers.containers.bounds import MAX_PACKET, MAX_PACKETS
from reservations.readers.xmp import parse_xml

MAGIC = b"PK\3\4"

_MIMETYPE = b"mimetypeapplication/epub+zip"
_CONTAINER = "META-INF/container.xml"
_RIGHTS = "META-INF/rights.xml"
"""What OCF section 4.2.6.3.6 keeps for rights expressions; RSL may stand there too."""
_MAX_MEMBERS = 50_000
_END_OF_DIRECTORY = b"PK\5\6"
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
"""OCF section 4.3.3 allows no others, and others have no bound on memory."""
_ERRORS = (zipfile.BadZipFile, zlib.error, OSError, ValueError, RuntimeError, EOFError, LookupError,
           NotImplementedError, OverflowError)  # fmt: skip


def looks_like_epub(body: bytes) -> bool:
    """Whether the first member says so, as it has to (OCF section 4.3.2)."""
    return _MIMETYPE in body[:128]


def packages(body: bytes) -> Iterator[bytes]:
    """The package documents, one per rendition, and the file for rights if there is one.

    Without a container file, members named `.opf`.
    """
    if _members(body) > _MAX_MEMBERS:
        return
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            for name in _rootfiles(archive)[: MAX_PACKETS - 1]:
                yield _read(archive, name)
            if _RIGHTS in archive.NameToInfo:
                yield _read(archive, _RIGHTS)
    except _ERRORS:
        return


def _members(body: bytes) -> int:
    """How many members the archive claims, known before its directory is loaded into memory."""
    at = body.rfind(_END_OF_DIRECTORY)
    claimed = int.from_bytes(body[at + 10 : at + 12], "little")
    size = int.from_bytes(body[at + 12 : at + 16], "little")
    return max(claimed, size // 46) if at >= 0 else 0  # a directory entry has at least 46 bytes


def _rootfiles(archive: zipfile.ZipFile) -> list[str]:
    root = parse_xml(_read(archive, _CONTAINER))
    elements = root.iter() if root is not None else ()
    named = [
        path.lstrip("/")
        for e in elements
        if isinstance(e.tag, str) and e.tag.rpartition("}")[2] == "rootfile" and (path := e.get("full-path"))
    ]
    present = set(archive.namelist())
    return [n for n in named if n in present] or [n for n in archive.namelist() if n.endswith(".opf")]


def _read(archive: zipfile.ZipFile, name: str) -> bytes:
    """A member's first MAX_PACKET bytes; less where it is damaged, encrypted or oddly compressed."""
    out = bytearray()
    try:
        info = archive.getinfo(name)
        del info.CRC  # then it is not compared: a wrong checksum must not hide what was read
        if info.compress_type in _METHODS:
            with archive.open(info) as member:
                # In pieces, so that a stream that breaks off still gives what came before.
                while len(out) < MAX_PACKET and (piece := member.read(16_384)):
                    out += piece
    except _ERRORS:
        pass
    return bytes(out)

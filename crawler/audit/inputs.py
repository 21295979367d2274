"""Which files are meant, and what kind each one is."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

WARC = "warc"
_SUFFIXES = {
    ".warc": WARC,
    ".csv": "csv",
    ".tsv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".parquet": "parquet",
    ".txt": "text",
}


class InputError(Exception):
    """An input that is not there or of no known kind."""


def files_of(paths: Iterable[Path]) -> Iterator[Path]:
    """The files meant: of a folder all below it, in the order of their names. Raises InputError."""
    for path in paths:
        if path.is_dir():
            found = sorted(each for each in path.rglob("*") if each.is_file())
            if not found:
                raise InputError(f"{path}: no file in this folder")
            yield from found
        elif path.exists():
            yield path
        else:
            raise InputError(f"{path}: no such file or folder")


def kind_of(path: Path) -> str:
    """`warc`, `text`, `csv`, `jsonl` or `parquet`: by the first bytes, else the name. Raises InputError."""
    try:
        with path.open("rb") as stream:
            head = stream.read(4096)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error
    packed = head.startswith(b"\x1f\x8b")
    if packed:
        try:
            head = zlib.decompressobj(31).decompress(head, 4096)
        except zlib.error:
            head = b""
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.lstrip(b"\r\n").startswith(b"WARC/"):
        return WARC
    if head.startswith(b"filedesc://"):
        raise InputError(f"{path}: an ARC file; convert it first, for example with `warcio recompress`")
    if head.startswith(b"\x28\xb5\x2f\xfd"):
        raise InputError(f"{path}: compressed with Zstandard; unpack it first (`zstd -d`)")
    names = [suffix.lower() for suffix in path.suffixes if suffix.lower() != ".gz"]
    return _SUFFIXES.get(names[-1] if names else "", "text")

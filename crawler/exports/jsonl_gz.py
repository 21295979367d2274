"""JSON Lines in gzip: a member a piece, which `gzip -d` and every reader of gzip take as one file."""

from __future__ import annotations

import gzip
from collections.abc import Iterable
from typing import Any, BinaryIO

from crawler.exports import WHOLE, Export, Piece, jsonl
from crawler.exports.tables.decisions_table import TABLE as DECISIONS
from crawler.exports.tables.model import Shape

LEVEL = 6


def write(rows: Iterable[Any], stream: BinaryIO, table: Shape[Any] = DECISIONS, piece: Piece = WHOLE) -> int:
    """One row a line. Neither time nor name is in the header, so that the same rows give the same bytes."""
    with gzip.GzipFile(filename="", mode="wb", compresslevel=LEVEL, fileobj=stream, mtime=0) as packed:
        return jsonl.write(rows, packed, table, piece)  # type: ignore[arg-type]


EXPORT = Export(name="jsonl.gz", suffix=".jsonl.gz", write=write, is_text=False)

"""JSON Lines, the canonical form: each line is what the command line and the web print for the row."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, BinaryIO

from crawler.exports import WHOLE, Export, Piece
from crawler.exports.tables.decisions_table import TABLE as DECISIONS
from crawler.exports.tables.model import Shape
from crawler.present import dumps


def write(rows: Iterable[Any], stream: BinaryIO, table: Shape[Any] = DECISIONS, piece: Piece = WHOLE) -> int:
    """One row a line, in UTF-8."""
    count = 0
    for row in rows:
        stream.write(dumps(table.present(row)).encode() + b"\n")
        count += 1
    return count


EXPORT = Export(name="jsonl", suffix=".jsonl", write=write)

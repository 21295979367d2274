"""JSON Lines, the canonical form: each line is what the command line and the web print for the row."""

from __future__ import annotations

from collections.abc import Iterable
from typing import BinaryIO

from crawler.exports import Export
from crawler.present import decision, dumps
from crawler.store.queries.decisions import DecisionRow


def write(rows: Iterable[DecisionRow], stream: BinaryIO) -> int:
    """One decision a line, in UTF-8."""
    count = 0
    for row in rows:
        stream.write(dumps(decision(row)).encode() + b"\n")
        count += 1
    return count


EXPORT = Export(name="jsonl", suffix=".jsonl", write=write)

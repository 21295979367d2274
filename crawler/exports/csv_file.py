"""CSV (RFC 4180) for spreadsheets; lists and objects are JSON in their cell.

The module is not called `csv`, so that nothing here can be taken for the standard library's.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import Any, BinaryIO

from crawler.exports import WHOLE, Export, Piece
from crawler.exports.tables.decisions_table import TABLE as DECISIONS
from crawler.exports.tables.model import Shape
from crawler.present import dumps
from crawler.visible import visible

MAX_ROWS = 1_000_000
"""Rows of one file: a spreadsheet takes 1,048,576 with the header."""

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""A cell that starts so is run by spreadsheets: https://owasp.org/www-community/attacks/CSV_Injection"""


def write(rows: Iterable[Any], stream: BinaryIO, table: Shape[Any] = DECISIONS, piece: Piece = WHOLE) -> int:
    """A header, then a row a line, in UTF-8."""
    text = io.TextIOWrapper(stream, encoding="utf-8", newline="", write_through=True)
    try:
        lines = csv.writer(text)
        if piece.is_first:
            lines.writerow(table.columns)
        count = 0
        for row in rows:
            lines.writerow([cell(value) for value in table.present(row).values()])
            count += 1
        text.flush()
    finally:
        # The stream is the caller's to close.
        text.detach()
    return count


def cell(value: Any) -> str:
    """A value as it stands in a cell, where no spreadsheet takes it for a formula."""
    if value is None:
        return ""
    if isinstance(value, list | dict):
        return dumps(value)
    if isinstance(value, int | float):
        return str(value)
    text = visible(value)
    return "'" + text if text.startswith(FORMULA) else text


EXPORT = Export(name="csv", suffix=".csv", write=write, max_rows=MAX_ROWS)

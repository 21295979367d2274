"""CSV (RFC 4180) for spreadsheets; lists and objects are JSON in their cell.

The module is not called `csv`, so that nothing here can be taken for the standard library's.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import Any, BinaryIO

from crawler.exports import Export
from crawler.present import DECISION_KEYS, decision, dumps
from crawler.store.queries.decisions import DecisionRow
from crawler.visible import visible

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""A cell that starts so is run by spreadsheets: https://owasp.org/www-community/attacks/CSV_Injection"""


def write(rows: Iterable[DecisionRow], stream: BinaryIO) -> int:
    """A header, then a decision a line, in UTF-8."""
    text = io.TextIOWrapper(stream, encoding="utf-8", newline="", write_through=True)
    try:
        lines = csv.writer(text)
        lines.writerow(DECISION_KEYS)
        count = 0
        for row in rows:
            lines.writerow([_cell(value) for value in decision(row).values()])
            count += 1
        text.flush()
    finally:
        # The stream is the caller's to close.
        text.detach()
    return count


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list | dict):
        return dumps(value)
    if isinstance(value, int):
        return str(value)
    text = visible(value)
    return "'" + text if text.startswith(FORMULA) else text


EXPORT = Export(name="csv", suffix=".csv", write=write)

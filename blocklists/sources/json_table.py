"""JSON of any layout: an array of names, an array of objects, or an object that holds one of these.

Keys are columns: they are guessed by word, or named with `--column FIELD=KEY`.
"""

from __future__ import annotations

import json
from typing import Any

from blocklists.columns import ColumnError, Columns, columns_of, decoded, take_row
from blocklists.defaults import Defaults, bounded
from blocklists.intake import Intake, not_a_list
from blocklists.model import Parsed
from blocklists.source import Source

MAX_ROWS = 1_000_000


def parse(data: bytes, defaults: Defaults) -> Parsed:
    """Read the rows. A row is counted as a line, since JSON has none worth naming."""
    intake = Intake(defaults)
    rows = _rows(data, intake)
    columns: dict[tuple[str, ...], Columns | ColumnError] = {}
    for number, row in enumerate(rows, 1):
        if isinstance(row, str):
            take_row(intake, defaults, number, {"value": row}, row)
            continue
        raw = bounded(json.dumps(row, ensure_ascii=False))
        if not isinstance(row, dict):
            intake.reject(number, raw, "neither a name nor an object")
            continue
        keys = tuple(row)
        if keys not in columns and len(columns) < 1000:
            columns[keys] = _columns(keys, defaults)
        found = columns.get(keys) or _columns(keys, defaults)
        if isinstance(found, ColumnError):
            intake.reject(number, raw, str(found))
        else:
            take_row(intake, defaults, number, found.row([_text(value) for value in row.values()]), raw)
    return intake.parsed()


def _columns(keys: tuple[str, ...], defaults: Defaults) -> Columns | ColumnError:
    try:
        return columns_of(keys, defaults)
    except ColumnError as error:
        return error


def _text(value: object) -> str:
    return value if isinstance(value, str) else "" if value is None else str(value)


def _rows(data: bytes, intake: Intake) -> list[Any]:
    if problem := not_a_list(data):
        intake.reject(0, problem, problem, "fetch the list itself")
        return []
    try:
        value = json.loads(decoded(data))
    except (ValueError, RecursionError):
        intake.reject(0, decoded(data[:200]), "not JSON")
        return []
    if isinstance(value, dict):
        lists = [held for held in value.values() if isinstance(held, list)]
        value = lists[0] if len(lists) == 1 else None
    if not isinstance(value, list):
        intake.reject(0, decoded(data[:200]), "it holds no list of rows, or more than one")
        return []
    if len(value) > MAX_ROWS:
        intake.reject(0, "", f"the list has more than {MAX_ROWS} rows; the rest was not read")
    return value[:MAX_ROWS]


SOURCE = Source(
    name="json_table",
    title="JSON of any layout",
    description="Names or objects; keys by word or by --column FIELD=KEY.",
    parse=parse,
    needs=("--ground", "--jurisdiction", "--body"),
)

"""Parquet for data teams: typed columns, nested reasons, zstd; written group by group."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import Any, BinaryIO

from crawler.exports import WHOLE, Export, Piece
from crawler.exports.tables.decisions_table import TABLE as DECISIONS
from crawler.exports.tables.model import Shape
from crawler.present import Json

MAX_ROWS = 1_000_000
"""Rows of one file: what is lost of an export that is interrupted, as a footer closes each file."""
GROUP = 16_384
"""Rows of a row group: about 16 MiB in memory, and small enough to skip."""


def write(rows: Iterable[Any], stream: BinaryIO, table: Shape[Any] = DECISIONS, piece: Piece = WHOLE) -> int:
    """All rows, GROUP at a time; a file without rows still has its columns."""
    # Imported where it is needed: it takes longer to load than most commands take to run.
    import pyarrow as pa  # type: ignore[import-untyped]
    from pyarrow import parquet as pq

    schema = arrow_schema(table).with_metadata(dict(piece.about))
    moments = [name for name, kind in table.properties.items() if kind.get("format") == "date-time"]
    count = 0
    with pq.ParquetWriter(stream, schema, compression="zstd") as writer:
        for group in _groups(rows, table, moments):
            writer.write_table(pa.Table.from_pylist(group, schema=schema))
            count += len(group)
    return count


def arrow_schema(table: Shape[Any]) -> Any:
    """The columns of a table as Arrow knows them, out of its JSON Schema."""
    import pyarrow as pa

    fields = [
        pa.field(name, _arrow_type(kind), nullable=_is_nullable(kind))
        for name, kind in table.properties.items()
    ]
    return pa.schema(fields)


def _arrow_type(kind: Json) -> Any:
    import pyarrow as pa

    names = kind["type"] if isinstance(kind["type"], list) else [kind["type"]]
    match next(name for name in names if name != "null"):
        case "string" if kind.get("format") == "date-time":
            return pa.timestamp("us", tz="UTC")
        case "string":
            return pa.string()
        case "integer":
            return pa.int32() if kind.get("maximum", 2**63) < 2**31 else pa.int64()
        case "number":
            return pa.float64()
        case "boolean":
            return pa.bool_()
        case "array":
            return pa.list_(_arrow_type(kind["items"]))
        case "object":
            return pa.struct([(name, _arrow_type(inner)) for name, inner in kind["properties"].items()])
        case other:
            raise TypeError(f"no Arrow type for {other}")


def _is_nullable(kind: Json) -> bool:
    return isinstance(kind["type"], list) and "null" in kind["type"]


def _groups(rows: Iterable[Any], table: Shape[Any], moments: list[str]) -> Iterator[list[Json]]:
    iterator = iter(rows)
    while group := [_typed(table.present(row), moments) for row in islice(iterator, GROUP)]:
        yield group


def _typed(row: Json, moments: list[str]) -> Json:
    typed: Json = _valid(row)
    for name in moments:
        if typed[name] is not None:
            typed[name] = datetime.fromisoformat(typed[name])
    return typed


def _valid(value: Any) -> Any:
    """Arrow's strings are UTF-8, which has no lone surrogates."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, list):
        return [_valid(item) for item in value]
    return {key: _valid(item) for key, item in value.items()} if isinstance(value, dict) else value


EXPORT = Export(
    name="parquet", suffix=".parquet", write=write, max_rows=MAX_ROWS, appends=False, is_text=False
)

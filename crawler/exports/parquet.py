"""Parquet for data teams: typed columns, nested reasons, zstd; written group by group."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, BinaryIO

from crawler.exports import Export
from crawler.present import DECISION_KEYS, REASON_KEYS, decision
from crawler.store.queries.decisions import DecisionRow

GROUP = 16_384
"""Rows of a row group: about 16 MiB in memory, and small enough to skip."""
NULLABLE = frozenset({"via", "reasons", "evidence", "status", "bytes", "warc"})


def write(rows: Iterable[DecisionRow], stream: BinaryIO) -> int:
    """All rows, GROUP at a time; a file without rows still has its columns."""
    # Imported where it is needed: it takes longer to load than most commands take to run.
    import pyarrow as pa  # type: ignore[import-untyped]
    from pyarrow import parquet as pq

    schema = _schema()
    count = 0
    with pq.ParquetWriter(stream, schema, compression="zstd") as writer:
        for group in _groups(rows):
            writer.write_table(pa.Table.from_pylist(group, schema=schema))
            count += len(group)
    return count


def _schema() -> Any:
    import pyarrow as pa

    text, number = pa.string(), pa.int64()
    reason = dict.fromkeys(REASON_KEYS, text) | {"line": number}
    types = dict.fromkeys(DECISION_KEYS, text) | {
        "decided_at": pa.timestamp("us", tz="UTC"),
        "reasons": pa.list_(pa.struct(list(reason.items()))),
        "crawl": number,
        "evidence": pa.list_(text),
        "status": pa.int32(),
        "bytes": number,
        "warc": pa.struct([("file", text), ("offset", number), ("length", number)]),
    }
    return pa.schema([pa.field(name, kind, nullable=name in NULLABLE) for name, kind in types.items()])


def _groups(rows: Iterable[DecisionRow]) -> Iterator[list[dict[str, Any]]]:
    iterator = iter(rows)
    while group := [_typed(row) for row in islice(iterator, GROUP)]:
        yield group


def _typed(row: DecisionRow) -> dict[str, Any]:
    return {**_valid(decision(row)), "decided_at": row.decided_at}


def _valid(value: Any) -> Any:
    """Arrow's strings are UTF-8, which has no lone surrogates."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, list):
        return [_valid(item) for item in value]
    return {key: _valid(item) for key, item in value.items()} if isinstance(value, dict) else value


EXPORT = Export(name="parquet", suffix=".parquet", write=write)

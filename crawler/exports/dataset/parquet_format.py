"""Parquet for data teams: typed columns, text beside raw bytes, zstd; written group by group."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

from crawler.exports.dataset.documents import content_of
from crawler.exports.dataset.model import Add, Dataset, DatasetFormat, Document

GROUP_ROWS = 4096
GROUP_BYTES = 32 * 2**20
"""Bodies gathered before a row group is written: what an export needs in memory."""


@contextmanager
def begin(stream: BinaryIO, name: str, dataset: Dataset) -> Iterator[Add]:
    """One file with a row group for every GROUP_ROWS documents or GROUP_BYTES of bodies."""
    # Imported where it is needed: it takes longer to load than most commands take to run.
    import pyarrow as pa  # type: ignore[import-untyped]
    from pyarrow import parquet as pq

    schema = _schema(main=dataset.main_text)
    rows: list[dict[str, Any]] = []
    gathered = 0

    def flush() -> None:
        nonlocal gathered
        if rows:
            writer.write_table(pa.Table.from_pylist(rows, schema=schema))
            rows.clear()
            gathered = 0

    def add(document: Document) -> None:
        nonlocal gathered
        rows.append(_typed(document, main=dataset.main_text))
        gathered += len(document.body)
        if len(rows) >= GROUP_ROWS or gathered >= GROUP_BYTES:
            flush()

    with pq.ParquetWriter(stream, schema, compression="zstd") as writer:
        yield add
        flush()


def _schema(*, main: bool) -> Any:
    import pyarrow as pa

    text, number = pa.string(), pa.int64()
    place = pa.struct([("file", text), ("offset", number), ("length", number)])
    required = {
        "url": text,
        "domain": text,
        "media_type": text,
        "bytes": number,
        "body_sha256": text,
        "kept_at": pa.timestamp("us", tz="UTC"),
        "crawl": number,
        "decision": number,
        "warc": place,
    }
    optional = {"status": pa.int32(), "charset": text, "text": text, "body": pa.binary()}
    optional |= {"main_text": text, "language": text, "declared_language": text} if main else {}
    return pa.schema(
        [pa.field(name, kind, nullable=False) for name, kind in required.items()]
        + [pa.field(name, kind) for name, kind in optional.items()]
    )


def _typed(document: Document, *, main: bool) -> dict[str, Any]:
    row = content_of(document, main=main)
    body = document.body if row.pop("body_base64") is not None else None
    url = row["url"].encode("utf-8", "backslashreplace").decode()  # Arrow's strings have no lone surrogates
    return {**row, "url": url, "kept_at": document.row.kept_at, "body": body}


FORMAT = DatasetFormat(name="parquet", suffix=".parquet", open=begin)

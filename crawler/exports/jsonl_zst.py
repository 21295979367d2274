"""JSON Lines in Zstandard: a frame a piece, which `zstd -d` takes as one file (RFC 8878, section 3)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, BinaryIO

from crawler.exports import WHOLE, Export, Piece, jsonl
from crawler.exports.tables.decisions_table import TABLE as DECISIONS
from crawler.exports.tables.model import Shape


def write(rows: Iterable[Any], stream: BinaryIO, table: Shape[Any] = DECISIONS, piece: Piece = WHOLE) -> int:
    """One row a line."""
    # Imported where it is needed: it takes longer to load than most commands take to run.
    import pyarrow as pa  # type: ignore[import-untyped]

    with pa.CompressedOutputStream(_open(stream), "zstd") as packed:
        return jsonl.write(rows, packed, table, piece)


def _open(stream: BinaryIO) -> Any:
    """The stream for Arrow, which would close what it is given with its own."""
    import pyarrow as pa

    class Kept:
        closed = False

        def write(self, data: Any) -> int:
            return stream.write(data)

        def flush(self) -> None:
            stream.flush()

        def close(self) -> None:
            self.closed = True

        def writable(self) -> bool:
            return True

        def readable(self) -> bool:
            return False

        def seekable(self) -> bool:
            return False

    return pa.PythonFile(Kept(), mode="w")


EXPORT = Export(name="jsonl.zst", suffix=".jsonl.zst", write=write, is_text=False)

"""The operator's own rows of the protocol table, read from a file once, with the configuration."""

from __future__ import annotations

from pathlib import Path

from reservations.protocol_table import ProtocolTable, ProtocolTableError, overridden, shipped_table


def read_table(file: Path | None) -> ProtocolTable:
    """The shipped table, with the rows of `file` laid over it. Raises ProtocolTableError."""
    if file is None:
        return shipped_table()
    try:
        return overridden(shipped_table(), file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, ProtocolTableError) as error:
        raise ProtocolTableError(f"{file}: not a protocol table: {error}") from error

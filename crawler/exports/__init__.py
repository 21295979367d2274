"""Tables of the record as files: one format a module, each of which defines `EXPORT`.

What can be exported is in `crawler.exports.tables`, one table a module.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from crawler.exports.tables.decisions_table import TABLE as DECISIONS
from crawler.exports.tables.model import Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """What of a file is written now."""

    is_first: bool = True
    """Whether the file begins with it: later pieces are appended, without a header of their own."""
    about: Mapping[str, str] = field(default_factory=dict)
    """What a format with room for it says about the whole export."""


WHOLE = Piece()


class Write(Protocol):
    """Write rows of a table as they come, in bounded memory; the answer is how many.

    The same rows give the same bytes, in pieces of the same size.
    """

    def __call__(
        self, rows: Iterable[Any], stream: BinaryIO, table: Shape[Any] = DECISIONS, piece: Piece = WHOLE
    ) -> int:
        """Rows in, bytes out."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """A file format for rows of the record."""

    name: str
    """What `--format` calls it."""
    suffix: str
    write: Write
    max_rows: int | None = None
    """Rows of one file, beyond which a further file is begun; None: no bound."""
    appends: bool = True
    """Whether a file can be written piece by piece, and so be gone on with after an interruption."""
    is_text: bool = True
    """Whether a terminal or a pipe may have it."""


@cache
def discover() -> dict[str, Export]:
    """Every format of this package by name. Raises TypeError where a module defines no `EXPORT`."""
    found = {}
    modules = (info for info in pkgutil.iter_modules(__path__) if not info.ispkg)
    for info in sorted(modules, key=lambda i: i.name):
        export = getattr(importlib.import_module(f"{__name__}.{info.name}"), "EXPORT", None)
        if not isinstance(export, Export):
            raise TypeError(f"crawler/exports/{info.name}.py defines no EXPORT")
        found[export.name] = export
    return found


def write_file(export: Export, rows: Iterable[Any], target: Path) -> int:
    """Write a whole file or none: readers see the old one until the new one is on disk."""
    target = target.absolute()
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            count = export.write(rows, stream)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.chmod(mode_of(target))
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return count


def mode_of(target: Path) -> int:
    """The mode of the file that is replaced; for a new one what the process's mask leaves."""
    if target.exists():
        return target.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask

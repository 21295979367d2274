"""Decisions as files: one format a module, each of which defines `EXPORT`."""

from __future__ import annotations

import importlib
import os
import pkgutil
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import BinaryIO

from crawler.store.queries.decisions import DecisionRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """A file format for decisions."""

    name: str
    """What `--format` calls it."""
    suffix: str
    write: Callable[[Iterable[DecisionRow], BinaryIO], int]
    """Write rows as they come, in bounded memory; the answer is how many. The same rows give the same
    bytes."""


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


def write_file(export: Export, rows: Iterable[DecisionRow], target: Path) -> int:
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
        temporary.chmod(_mode(target))
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return count


def _mode(target: Path) -> int:
    """The mode of the file that is replaced; for a new one what the process's mask leaves."""
    if target.exists():
        return target.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask

"""What can be exported: one table a module named `*_table`, each of which defines `TABLE`."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import Any

from crawler.exports.tables.model import Selection, Table


@cache
def tables() -> dict[str, Table[Any]]:
    """Every table of this package by name. Raises TypeError where a module defines no `TABLE`."""
    found: dict[str, Table[Any]] = {}
    for info in sorted(pkgutil.iter_modules(__path__), key=lambda i: i.name):
        if not info.name.endswith("_table"):
            continue
        table = getattr(importlib.import_module(f"{__name__}.{info.name}"), "TABLE", None)
        if not isinstance(table, Table) or table.name in found:
            raise TypeError(f"crawler/exports/tables/{info.name}.py defines no TABLE of its own")
        found[table.name] = table
    return found


__all__ = ["Selection", "Table", "tables"]

"""One list format or publisher per file. Each module defines `SOURCE`; `discover` finds them."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from blocklists.source import Source


@cache
def discover() -> tuple[Source, ...]:
    """Every list format of this package, in name order.

    Raises TypeError where a module of the package defines no `SOURCE`.
    """
    found = []
    for info in sorted(pkgutil.iter_modules(__path__), key=lambda module: module.name):
        source = getattr(importlib.import_module(f"{__name__}.{info.name}"), "SOURCE", None)
        if not isinstance(source, Source):
            raise TypeError(f"blocklists/sources/{info.name}.py defines no SOURCE")
        found.append(source)
    return tuple(found)

"""One protocol per file. Each module defines `PROTOCOL`; `discover` finds them by name order."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from reservations.protocol import Protocol


@cache
def discover() -> tuple[Protocol, ...]:
    """Every protocol of this package, in name order.

    Raises TypeError where a module of the package defines no `PROTOCOL`.
    """
    found = []
    for info in sorted(pkgutil.iter_modules(__path__), key=lambda i: i.name):
        if info.name.startswith("_"):
            continue
        protocol = getattr(importlib.import_module(f"{__name__}.{info.name}"), "PROTOCOL", None)
        if not isinstance(protocol, Protocol):
            raise TypeError(f"reservations/protocols/{info.name}.py defines no PROTOCOL")
        found.append(protocol)
    return tuple(found)

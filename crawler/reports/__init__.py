"""Reports on the record: one a module named `*_report`, each of which defines `REPORT`."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from crawler.reports.model import Report


@cache
def reports() -> dict[str, Report]:
    """Every report by name. Raises TypeError where a module defines no `REPORT`."""
    found: dict[str, Report] = {}
    for info in sorted(pkgutil.iter_modules(__path__), key=lambda i: i.name):
        if not info.name.endswith("_report"):
            continue
        report = getattr(importlib.import_module(f"{__name__}.{info.name}"), "REPORT", None)
        if not isinstance(report, Report) or report.name in found:
            raise TypeError(f"crawler/reports/{info.name}.py defines no REPORT of its own")
        found[report.name] = report
    return found

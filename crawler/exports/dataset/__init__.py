"""The dataset: what may be used now, out of the instance and into the hands of a data team.

One format a module, each of which defines `FORMAT`. Every document is checked against its own digest
and the record's on the way; an export is whole or not there.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from crawler.exports.dataset.export import export_dataset, manifest_keys
from crawler.exports.dataset.model import Dataset, DatasetFormat, Document, ExportFile, Manifest
from crawler.exports.working import ExportRefusedError

DEFAULT = "warc"


@cache
def discover() -> dict[str, DatasetFormat]:
    """Every format of this package by name. Raises TypeError where two modules claim one name."""
    found: dict[str, DatasetFormat] = {}
    for info in sorted(pkgutil.iter_modules(__path__), key=lambda i: i.name):
        if not info.name.endswith("_format"):
            continue
        dataset_format = getattr(importlib.import_module(f"{__name__}.{info.name}"), "FORMAT", None)
        if not isinstance(dataset_format, DatasetFormat) or dataset_format.name in found:
            raise TypeError(f"crawler/exports/dataset/{info.name}.py defines no FORMAT of its own")
        found[dataset_format.name] = dataset_format
    return found


__all__ = [
    "DEFAULT",
    "Dataset",
    "DatasetFormat",
    "Document",
    "ExportFile",
    "ExportRefusedError",
    "Manifest",
    "discover",
    "export_dataset",
    "manifest_keys",
]

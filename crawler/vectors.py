"""The conformance vectors that are shipped with the package."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any


def shipped_files() -> list[Traversable]:
    """The vector files, in name order."""
    folder = files("reservations") / "vectors"
    found = (entry for entry in folder.iterdir() if entry.name.endswith(".json"))
    return sorted(found, key=lambda entry: entry.name)


def shipped_vectors() -> Iterator[dict[str, Any]]:
    """All vectors of all files."""
    for file in shipped_files():
        yield from json.loads(file.read_text("utf-8"))

"""The published JSON Schema of each table: `python -m crawler.exports.tables.json_schema docs/schemas`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from crawler.exports.tables import tables
from crawler.exports.tables.model import Shape
from crawler.present import Json

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema_of(table: Shape[Any]) -> Json:
    """What a line of the table's JSON Lines is."""
    return {
        "$schema": DIALECT,
        "$id": table.schema_id,
        "title": table.title,
        "description": table.description,
        "type": "object",
        "properties": dict(table.properties),
        "required": list(table.columns),
        "additionalProperties": False,
    }


def schema_text(table: Shape[Any]) -> str:
    """The schema as it is published."""
    return json.dumps(schema_of(table), indent=2, ensure_ascii=False) + "\n"


def write_schemas(folder: Path) -> tuple[Path, ...]:
    """Write the schema of every table as `<name>.json`."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = tuple(folder / f"{name}.json" for name in tables())
    for path, table in zip(paths, tables().values(), strict=True):
        path.write_text(schema_text(table), "utf-8")
    return paths


if __name__ == "__main__":
    write_schemas(Path(sys.argv[1]))

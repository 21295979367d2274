"""Kinds of columns, as JSON Schema says them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from crawler.present import Json
from reservations.model import Stage, Use, Verdict

INT64 = 2**63 - 1


def text(description: str, *, nullable: bool = False, among: Iterable[str] = ()) -> Json:
    """A string, or one of a few."""
    values: list[str | None] = list(among)
    kind: Json = {"description": description, "type": ["string", "null"] if nullable else "string"}
    if values:
        kind["enum"] = [*values, None] if nullable else values
    return kind


def time(description: str, *, nullable: bool = False) -> Json:
    """A point in time: RFC 3339, UTC, microseconds."""
    return {**text(description, nullable=nullable), "format": "date-time"}


def digest(description: str, *, nullable: bool = False) -> Json:
    """A SHA-256 in hexadecimal."""
    return {**text(description, nullable=nullable), "pattern": "^[0-9a-f]{64}$"}


def count(description: str, *, nullable: bool = False, maximum: int = INT64) -> Json:
    """A whole number from 0."""
    kind = ["integer", "null"] if nullable else "integer"
    return {"description": description, "type": kind, "minimum": 0, "maximum": maximum}


def several(description: str, items: Json) -> Json:
    """A list of one kind."""
    return {"description": description, "type": "array", "items": items}


def record(description: str, properties: Mapping[str, Json], *, nullable: bool = False) -> Json:
    """An object with exactly these members."""
    return {
        "description": description,
        "type": ["object", "null"] if nullable else "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


URL = text("The URL, as it was found.")
HOST = text("Host name in normal form; empty where the URL has none.")
DOMAIN = text("Registrable domain; the host itself where there is none.")
STAGE = text("Where the decision was settled.", among=Stage)
VERDICT = text("What became of the URL.", among=Verdict)
USE = text("The use that is reserved; null: every use.", nullable=True, among=Use)
CRAWL = count("Number of the crawl.")
IDENTITY = text("The name requests were sent under: product token and first digits of its hash.")
POLICY = text("The terms of the decision: version and first digits of their hash.")
EVIDENCE = digest("SHA-256 of the file that was read.", nullable=True)
LINE = count("Line in that file, from 1.", nullable=True)
QUOTE = text("The words themselves, bounded.", nullable=True)
WARC = record(
    "Where a record lies: file below the data folder, first byte, bytes.",
    {"file": text("File."), "offset": count("First byte."), "length": count("Compressed bytes.")},
    nullable=True,
)

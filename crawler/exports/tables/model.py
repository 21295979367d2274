"""What a table of an export is, and which of its rows are wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Generic, TypeVar

from crawler.present import Json, moment
from crawler.store.database import Connection

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which rows; everything that is set must hold. A table says which of these it knows."""

    domain: str | None = None
    host: str | None = None
    prefix: str | None = None
    verdict: str | None = None
    reason: str | None = None
    protocol: str | None = None
    source: str | None = None
    crawl: int | None = None
    since: datetime | None = None
    until: datetime | None = None

    def asked(self) -> dict[str, Any]:
        """What is set, ready for JSON."""
        found = {field.name: getattr(self, field.name) for field in fields(self)}
        return {
            name: moment(value) if isinstance(value, datetime) else value
            for name, value in found.items()
            if value is not None
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Table(Generic[Row]):
    """Rows of one kind, with the JSON Schema that every format is made by."""

    name: str
    """What the command and the schema call it."""
    title: str
    description: str
    """One sentence on what a row is."""
    version: int = 1
    """Raised when a column changes or goes; a new column at the end does not raise it."""
    properties: Mapping[str, Json]
    """Columns in order, each as JSON Schema says it."""
    takes: tuple[str, ...]
    """Fields of a Selection that mean something here."""
    rows: Callable[[Connection, Selection], Iterator[Row]]
    present: Callable[[Row], Json]
    """A row under the names of `properties`, in that order."""
    decision: Callable[[Row], int] | None = None
    """The decision a row belongs to, if rows are added while a crawl runs."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns in order."""
        return tuple(self.properties)

    @property
    def schema_id(self) -> str:
        """The `$id` of the JSON Schema."""
        return f"urn:forbear:export:{self.name}:{self.version}"

"""What a table of an export is, and which of its rows are wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Generic, TypeVar

from crawler.present import Json, moment
from crawler.store.database import Connection
from crawler.store.queries.exports import last_decision

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
    after: int = 0
    """Cursor: the number of the last row already seen, where a table numbers its rows."""

    def asked(self) -> dict[str, Any]:
        """What is set, ready for JSON."""
        found = {field.name: getattr(self, field.name) for field in fields(self) if field.name != "after"}
        return {
            name: moment(value) if isinstance(value, datetime) else value
            for name, value in found.items()
            if value is not None
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape(Generic[Row]):
    """What rows of one kind look like, with the JSON Schema that every format is made by."""

    name: str
    """What the command and the schema call it."""
    title: str
    description: str
    """One sentence on what a row is."""
    version: int = 1
    """Raised when a column changes or goes; a new column at the end does not raise it."""
    properties: Mapping[str, Json]
    """Columns in order, each as JSON Schema says it."""
    present: Callable[[Row], Json]
    """A row under the names of `properties`, in that order."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns in order."""
        return tuple(self.properties)

    @property
    def schema_id(self) -> str:
        """The `$id` of the JSON Schema."""
        return f"urn:forbear:export:{self.name}:{self.version}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table(Shape[Row]):
    """Rows of the record that can be exported."""

    takes: tuple[str, ...]
    """Fields of a Selection that mean something here."""
    rows: Callable[[Connection, Selection], Iterator[Row]]
    number: Callable[[Row], int] | None = None
    """The number a row stands under in the record, in whose order rows come; several may share one.

    With it an export goes on where it was interrupted, and leaves out what is added meanwhile."""
    newest: Callable[[Connection], int] = last_decision
    """The last number there is."""
    until_begun: bool = False
    """Rows come and go anywhere between the others: what came after the export began is left out by time."""
    seen: Callable[[Row], datetime] | None = None
    """The time of a row, for the time range of the manifest."""
    policy: Callable[[Row], str] | None = None
    """The terms a row was decided under."""

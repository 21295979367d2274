"""What a report is made of, before anybody decides how it looks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from crawler.config import Config
from crawler.store.database import Connection

TO_BE_STATED = "to be stated by the provider"
"""Stands where only a person can say so; nothing here is inferred from the record."""


class Code(str):
    """Text that is shown as it is: a code, a digest, a line of somebody's file."""

    __slots__ = ()


Cell = str | int | float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of a form."""

    no: str
    """Its number in the form; empty where there is none."""
    label: str
    value: str | int | tuple[str, ...] | None
    """None: to be stated by the provider."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table."""

    name: str
    """What JSON and CSV call it."""
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


Block = str | Field | Table
"""A paragraph, a field, or a table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A heading and what stands under it."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A report."""

    name: str
    title: str
    as_of: int
    """The last decision that was looked at."""
    moment: datetime
    """When the record was asked."""
    sections: tuple[Section, ...]
    csv: str = ""
    """Name of the table that is the report's CSV."""

    def tables(self) -> Mapping[str, Table]:
        """All tables by name."""
        return {b.name: b for s in self.sections for b in s.blocks if isinstance(b, Table)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What a report is asked for."""

    config: Config
    now: datetime
    form: str
    software: str
    as_of: int
    """The last decision to look at."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """By the names of the command's options; what was not given is not in it."""

    def get(self, name: str) -> Any:
        """An option; None where it was not given."""
        return self.options.get(name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One report: `forbear report NAME`."""

    name: str
    help: str
    options: tuple[str, ...] = ()
    """Names of the options it knows; the command line knows what they mean."""
    formats: tuple[str, ...] = ("md", "json")
    """The first is the default."""
    write: Callable[[Connection, Ask], str]


def counted(number: int, noun: str) -> str:
    """`1 crawl`, `12 crawls`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


class ReportError(Exception):
    """A report that cannot be made; says what would help."""

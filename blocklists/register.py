"""The register of sources, as data: who publishes which list where, on what ground, how far to trust it.

It is versioned with the package, because the list of links that Measure 1.2 of the Code of Practice
announces has no address yet: the day it has one, that is a line of data. An operator's own register is
laid over it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import timedelta
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any, TypeVar

from blocklists.defaults import Defaults
from blocklists.model import BodyKind, RecognitionKind, Scope
from blocklists.sources import discover

LINKS = "links"
"""The format of a page that links to lists, and is none itself."""
STALE_AFTER = 3
"""A list is stale when it was not confirmed for so many times its cadence."""
MAX_ENTRIES = 10_000
E = TypeVar("E", bound=StrEnum)


class RegisterError(ValueError):
    """A register that cannot be used; says which entry and what is wrong with it."""


class Trust(StrEnum):
    """Who says so."""

    OFFICIAL = "official"
    PROVIDER = "provider"
    PROBE = "probe"
    COMMUNITY = "community"


class Access(StrEnum):
    """Who may fetch it."""

    PUBLIC = "public"
    ACCREDITED = "accredited"
    UNPUBLISHED = "unpublished"


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """One list, as the register knows it."""

    name: str
    title: str
    publisher: str
    jurisdiction: str
    format: str
    trust: Trust
    access: Access
    cadence_days: int
    licence: str
    url: str = ""
    """What can be fetched; empty where a person has to."""
    page: str = ""
    body: str = ""
    body_kind: BodyKind | None = None
    recognition_kind: RecognitionKind | None = None
    legal_ground: str = ""
    scope: Scope | None = None
    decision_ref: str = ""
    columns: tuple[tuple[str, str], ...] = ()
    selector: str = ""
    max_bytes: int = 32 * 2**20
    note: str = ""
    delisting: str = ""
    """How a site owner gets off, where the law or the publisher says how."""

    @property
    def stale_after(self) -> timedelta:
        """Age at which the list is wrong in both directions."""
        times = 1 if self.cadence_days >= 365 else STALE_AFTER
        return timedelta(days=self.cadence_days * times)

    @property
    def fetched(self) -> bool:
        """Whether `update` can fetch it."""
        return bool(self.url) and self.access is Access.PUBLIC

    def defaults(self) -> Defaults:
        """What the register knows about every line of the list."""
        return Defaults(
            source=self.name,
            legal_ground=self.legal_ground or None,
            jurisdiction=self.jurisdiction or None,
            body=self.body or None,
            body_kind=self.body_kind,
            recognition_kind=self.recognition_kind,
            decision_ref=self.decision_ref,
            scope=self.scope,
            source_url=self.url or self.page,
            columns=self.columns,
            selector=self.selector,
        )


@cache
def bundled() -> Mapping[str, Registered]:
    """The register that comes with the package."""
    return read_register(files("blocklists").joinpath("data", "sources.toml").read_text("utf-8"))


def read_register(text: str) -> dict[str, Registered]:
    """Sources by name, in the order of the file. Raises RegisterError."""
    try:
        given = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RegisterError(f"not TOML: {error}") from error
    rows = given.get("source", [])
    if not isinstance(rows, list) or len(rows) > MAX_ENTRIES:
        raise RegisterError(f"write each source as [[source]], at most {MAX_ENTRIES}")
    found: dict[str, Registered] = {}
    for row in rows:
        entry = _registered(row)
        if entry.name in found:
            raise RegisterError(f"{entry.name}: registered twice")
        found[entry.name] = entry
    return found


def _registered(row: Any) -> Registered:
    if not isinstance(row, dict) or not isinstance(row.get("name"), str) or not row["name"]:
        raise RegisterError("a source has no name")
    known = {field.name for field in fields(Registered)}
    if unknown := sorted(set(row) - known):
        raise RegisterError(f"{row['name']}: no setting {unknown[0]!r}; known: {', '.join(sorted(known))}")
    values = dict(row)
    for name, enum in (
        ("trust", Trust),
        ("access", Access),
        ("body_kind", BodyKind),
        ("recognition_kind", RecognitionKind),
        ("scope", Scope),
    ):
        if name in values:
            values[name] = _member(enum, values[name], f"{row['name']}: {name}")
    if "columns" in values:
        values["columns"] = tuple((str(k), str(v)) for k, v in dict(values["columns"]).items())
    try:
        entry = Registered(**values)
    except TypeError as error:
        raise RegisterError(f"{row['name']}: {error}") from error
    _check(entry)
    return entry


def _check(entry: Registered) -> None:
    formats = {source.name for source in discover()} | {LINKS}
    if entry.format not in formats:
        raise RegisterError(f"{entry.name}: no format {entry.format!r}; known: {', '.join(sorted(formats))}")
    if not isinstance(entry.cadence_days, int) or entry.cadence_days < 1:
        raise RegisterError(f"{entry.name}: cadence_days is a whole number from 1")
    if entry.url and not entry.url.startswith(("https://", "http://")):
        raise RegisterError(f"{entry.name}: url is no http(s) address")


def _member(enum: type[E], value: object, where: str) -> E:
    try:
        return enum(str(value))
    except ValueError as error:
        raise RegisterError(f"{where} is none of {', '.join(enum)}") from error

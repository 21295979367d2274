"""How each protocol stands, as dated data: who published it, who adopted it, and whether it decides.

Measure 1.3(1) of the Copyright chapter of the GPAI Code of Practice
(https://digital-strategy.ec.europa.eu/en/policies/contents-code-gpai) names robots.txt, and beside it
protocols of standardisation bodies and those agreed at EU level. No list of the latter had been
published when this table was written, so an operator can lay their own rows over the shipped ones,
without a release.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

_DATE = re.compile(r"\d{4}(?:-\d{2}){0,2}")


class Standing(StrEnum):
    """What weight the Code gives a protocol, most first."""

    MANDATORY = "mandatory"
    """Named in Measure 1.3(1)(a) itself."""
    AGREED = "agreed"
    """On a list agreed at EU level."""
    RECOGNISED = "recognised"
    """Adopted by a standardisation body, or state of the art and in wide use."""
    ADVISORY = "advisory"
    """Honoured without any such standing."""


BINDING = frozenset({Standing.MANDATORY, Standing.AGREED})
"""Standings whose protocols no operator can switch off: who signed the Code must honour them."""


class ProtocolTableError(ValueError):
    """A table that cannot be used; the message names the row and the remedy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtocolRow:
    """One protocol as the world has it."""

    name: str
    """`Protocol.name`: the name in records and statements."""
    standing: Standing
    body: str
    """Who publishes it."""
    version: str
    """The version that is read."""
    date: str
    """Of that version: year, year and month, or day."""
    adopted_by: str
    source: str
    """Address of the specification."""
    honoured_since: str
    enabled: bool = True
    """Whether its reservations decide; one that is switched off is still read and shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtocolTable:
    """All protocols in name order."""

    version: str
    rows: tuple[ProtocolRow, ...]

    @property
    def disabled(self) -> frozenset[str]:
        """Names of protocols whose reservations do not decide."""
        return frozenset(row.name for row in self.rows if not row.enabled)

    def row(self, name: str) -> ProtocolRow | None:
        """The row of a protocol."""
        return next((row for row in self.rows if row.name == name), None)


@cache
def shipped_table() -> ProtocolTable:
    """The table of this release."""
    data = json.loads(files("reservations").joinpath("data", "protocols.json").read_text("utf-8"))
    rows = (
        _checked(ProtocolRow(**(row | {"standing": Standing(row["standing"])}))) for row in data["protocols"]
    )
    return ProtocolTable(version=data["version"], rows=tuple(sorted(rows, key=lambda row: row.name)))


def overridden(table: ProtocolTable, text: str) -> ProtocolTable:
    """A table with an operator's rows laid over it: `{"version": ..., "protocols": [{"name": ..., ...}]}`.

    A row changes the columns that it names. Raises ProtocolTableError.
    """
    version, given = _parsed(text)
    rows = {row.name: row for row in table.rows}
    for number, values in enumerate(given, start=1):
        name = values.get("name")
        if not isinstance(name, str) or name not in rows:
            known = ", ".join(rows)
            raise ProtocolTableError(f"row {number}: no protocol {name!r} is read; known: {known}")
        rows[name] = _changed(rows[name], values)
    return ProtocolTable(version=f"{table.version}+{version}", rows=tuple(rows.values()))


def _parsed(text: str) -> tuple[str, list[Mapping[str, Any]]]:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ProtocolTableError(f"not valid JSON: {error}") from error
    rows = data.get("protocols") if isinstance(data, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ProtocolTableError('write {"version": "2027-01-31", "protocols": [{"name": ..., ...}]}')
    version = data.get("version")
    if not isinstance(version, str) or not version.strip():
        raise ProtocolTableError('give the table a "version", which is recorded with every decision')
    return version.strip(), rows


def _changed(row: ProtocolRow, values: Mapping[str, Any]) -> ProtocolRow:
    known = {field.name for field in fields(ProtocolRow)}
    for key, value in values.items():
        if key not in known:
            raise ProtocolTableError(f"{row.name}: no column {key!r}; known: {', '.join(sorted(known))}")
        if not isinstance(value, bool if key == "enabled" else str):
            raise ProtocolTableError(f"{row.name}: {key} is {value!r}; write {_wanted(key)}")
    changed = dict(values)
    if "standing" in changed:
        try:
            changed["standing"] = Standing(changed["standing"])
        except ValueError:
            raise ProtocolTableError(
                f"{row.name}: standing is {changed['standing']!r}; write one of {', '.join(Standing)}"
            ) from None
    return _checked(replace(row, **changed))


def _wanted(key: str) -> str:
    return "true or false" if key == "enabled" else "text"


def _checked(row: ProtocolRow) -> ProtocolRow:
    if not row.enabled and row.standing in BINDING:
        raise ProtocolTableError(f"{row.name} is {row.standing} and cannot be switched off: take the row out")
    for value in (row.date, row.honoured_since):
        if not _DATE.fullmatch(value):
            raise ProtocolTableError(f"{row.name}: {value!r} is no date; write 2026-11-24 or 2026-11")
    if not row.source.startswith("https://"):
        raise ProtocolTableError(f"{row.name}: source is an https address")
    return row


def as_dict(row: ProtocolRow) -> dict[str, object]:
    """A row ready for JSON, its columns in their order."""
    return asdict(row) | {"standing": row.standing.value}

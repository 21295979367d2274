"""Tables of any layout: which column is the name, what the row says about the decision, and how text
was encoded. Shared by the importers of CSV, JSON and HTML tables.

Nobody agrees on headings, so they are guessed by word in the languages lists come in, and the operator
can name them. What a row says about its ground is believed: a row on another ground is rejected.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from blocklists.defaults import Defaults, bounded
from blocklists.intake import Intake
from blocklists.model import Scope
from blocklists.policy import is_copyright

FIELDS = (
    "value", "ground", "jurisdiction", "body", "ref", "decided", "valid_from", "valid_to", "scope", "note",
)  # fmt: skip
"""What a column may hold, by the names `--column FIELD=HEADING` takes."""

_HEADINGS = {
    "value": "domain domains domainname domain_name domæne domæner domænenavn domän domännavn domene doména "
    "domínio dominio domaine nom_de_domaine domein domeinnaam verkkotunnus domeniu domena nazwa_domeny "
    "url urls host hostname fqdn site website webseite sito hjemmeside lén",
    "ref": "case case_number decision reference ref order saksnr sagsnr sagsnummer aktenzeichen delibera "
    "provvedimento décision decision_ref mål_nr diaarinumero",
    "body": "court authority body ret domstol gericht tribunal tribunale autorità autorité rechtbank",
    "decided": "decided dato_for_afgørelse decision_date date_decided afgørelsesdato kendelsesdato "
    "datum_der_entscheidung data_provvedimento date_de_décision",
    "valid_to": "valid_to expires expiry until udløb gültig_bis scadenza",
    "ground": "ground legal_ground basis hjemmel rechtsgrundlage base_giuridica fondement",
}
_GUESSED = {heading: name for name, words in _HEADINGS.items() for heading in words.split()}
_DAY_FIRST = re.compile(r"(\d{1,2})[./-](\d{1,2})[./-](\d{4})")


class ColumnError(ValueError):
    """A table whose columns cannot be told; says which flag would."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Where each field is: positions counted from 0."""

    places: Mapping[str, int]
    headed: bool
    """Whether the first row holds headings, not data."""

    def row(self, cells: Sequence[str]) -> dict[str, str]:
        """The fields of a row that are there and not empty."""
        found = {name: cells[at].strip() for name, at in self.places.items() if at < len(cells)}
        return {name: text for name, text in found.items() if text}


def columns_of(first: Sequence[str], defaults: Defaults) -> Columns:
    """Read the first row of a table: are these headings, and which? Raises ColumnError."""
    headings = [_heading(cell) for cell in first]
    stated = {name: _place(name, column, headings) for name, column in defaults.columns}
    guessed = {
        _GUESSED[heading]: at for at, heading in reversed([*enumerate(headings)]) if heading in _GUESSED
    }
    headed = bool(guessed) or any(_heading(column) in headings for _, column in defaults.columns)
    places = {**guessed, **stated}
    if "value" not in places:
        if len(first) != 1:
            raise ColumnError(
                f"no heading names the domains: {bounded(', '.join(first))}; "
                "say which column holds them with --column value=HEADING or value=NUMBER"
            )
        places["value"] = 0
    return Columns(places=places, headed=headed)


def take_row(intake: Intake, defaults: Defaults, number: int, row: Mapping[str, str], raw: str) -> None:
    """Take one row of a table, or keep it with the reason why not."""
    if "value" not in row:
        intake.reject(number, raw, "no name in its column")
        return
    ground = row.get("ground", "")
    if ground and not is_copyright(ground):
        intake.reject(number, raw, f"the legal ground is not copyright: {bounded(ground)}")
        return
    try:
        intake.defaults = _with_row(defaults, row)
    except ColumnError as error:
        intake.reject(number, raw, str(error))
        return
    for name in row["value"].split():
        intake.url(number, name, note=bounded(row.get("note", "")))


def decoded(data: bytes) -> str:
    """Text in UTF-8, UTF-16 with a mark, or the 8-bit code that Western office programs write."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        # As browsers read what says ISO-8859-1: https://encoding.spec.whatwg.org/#names-and-labels
        return data.decode("cp1252", "replace")


def day_of_text(text: str) -> date | None:
    """A day in ISO form, or with the day first, as most of Europe writes it; None if it is neither."""
    try:
        return date.fromisoformat(text.strip()[:10])
    except ValueError:
        match = _DAY_FIRST.fullmatch(text.strip())
    if match is None:
        return None
    day, month, year = map(int, match.groups())
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _with_row(defaults: Defaults, row: Mapping[str, str]) -> Defaults:
    stated: dict[str, Any] = {}
    for name, target in (("jurisdiction", "jurisdiction"), ("body", "body"), ("ref", "decision_ref")):
        if name in row:
            stated[target] = bounded(row[name])
    if "ground" in row:
        stated["legal_ground"] = row["ground"]
    for name, target in (("decided", "decided_on"), ("valid_from", "valid_from"), ("valid_to", "valid_to")):
        if name in row:
            stated[target] = day_of_text(row[name])
            # A term that cannot be read must not look like none: the entry would never end.
            if stated[target] is None:
                raise ColumnError(f"{name} is not a date: {bounded(row[name])}")
    if "scope" in row:
        if row["scope"] not in tuple(Scope):
            raise ColumnError(f"scope is none of {', '.join(Scope)}")
        stated["scope"] = Scope(row["scope"])
    return replace(defaults, **stated)


def _place(name: str, column: str, headings: Sequence[str]) -> int:
    if name not in FIELDS:
        raise ColumnError(f"no field {bounded(name)!r}; fields are {', '.join(FIELDS)}")
    if column.isascii() and column.isdigit() and 0 < int(column[:6]) <= 10_000:
        return int(column[:6]) - 1
    if _heading(column) in headings:
        return headings.index(_heading(column))
    raise ColumnError(f"no column is headed {bounded(column)!r}; there are: {bounded(', '.join(headings))}")


def _heading(cell: str) -> str:
    return "_".join(cell.strip().strip('"').casefold().split()).rstrip(":.")

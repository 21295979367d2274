"""CSV of citizenlab/test-lists: the country lists, and the official lists of courts and authorities.

Only rows that name a court or authority and are about copyright are taken. A category is no ground:
the country lists are mostly about other things (https://github.com/citizenlab/test-lists). The
collection is CC BY-NC-SA 4.0: read it, cite the decisions, do not ship it.
"""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import date

from blocklists.defaults import FLAGS, Defaults
from blocklists.intake import Intake
from blocklists.model import BodyKind, Parsed, RecognitionKind, Scope
from blocklists.source import Source

_OTHER_GROUNDS = frozenset({"GMB", "NEWS", "PORN", "HATE", "POLR", "XED", "DATE", "ALDR"})
_SHARING = frozenset({"FILE", "P2P", "MMED"})
_COPYRIGHT_WORDS = ("copyright", "diritto d'autore", "urheberrecht", "droit d'auteur", "derechos de autor")
_COLUMNS = frozenset({"url", "category_code", "notes"})

_CUII = Defaults(
    source="citizenlab",
    legal_ground="copyright",
    jurisdiction="DE",
    body="CUII",
    body_kind=BodyKind.SELF_REGULATORY,
    recognition_kind=RecognitionKind.SELF_REGULATORY,
)
_AGCOM = Defaults(source="citizenlab", jurisdiction="IT", body="AGCOM", body_kind=BodyKind.AUTHORITY)


def parse(data: bytes, defaults: Defaults) -> Parsed:
    """Read a list of 6 or 9 columns, by their names in the first line."""
    intake = Intake(defaults)
    header: list[str] = []
    for number, line in intake.lines(data):
        if not line:
            continue
        try:
            cells = next(csv.reader([line]))
        except csv.Error:
            intake.reject(number, line, "not CSV")
            continue
        if not header:
            header = [cell.strip().lower() for cell in cells]
            if not _COLUMNS.issubset(header):
                intake.reject(number, line, f"the first line does not name {', '.join(sorted(_COLUMNS))}")
                return intake.parsed()
            continue
        _row(intake, defaults, number, line, dict(zip(header, cells, strict=False)))
    return intake.parsed()


def _row(intake: Intake, defaults: Defaults, number: int, line: str, row: dict[str, str]) -> None:
    category = row.get("category_code", "").strip().upper()
    if category in _OTHER_GROUNDS:
        intake.reject(number, line, f"category {category} is another ground than copyright")
        return
    known = _with_what_the_row_says(defaults, row, category)
    reason, _ = known.objection()
    if reason:
        intake.reject(number, line, reason, f"if a decision names it, state it with {FLAGS}")
        return
    intake.defaults = known
    wide = "subdomain" in row.get("notes", "").lower()
    scope = Scope.DOMAIN_AND_SUBDOMAINS if wide else defaults.scope or Scope.EXACT_HOST
    intake.url(number, row.get("url", "").strip(), scope=scope, note=row.get("notes", "").strip()[:200])


def _with_what_the_row_says(defaults: Defaults, row: dict[str, str], category: str) -> Defaults:
    said = f"{row.get('notes', '')} {row.get('source', '')}"
    ground = "copyright" if any(word in said.lower() for word in _COPYRIGHT_WORDS) else None
    if "CUII" in said:
        return defaults.over(_CUII)
    if "AGCOM" in said:
        # AGCOM blocks on other grounds too, so the category has to agree.
        ground = "copyright" if category in _SHARING else ground
        return defaults.over(replace(_AGCOM, legal_ground=ground))
    authority = row.get("authority", "").strip()
    return defaults.over(
        Defaults(
            source="citizenlab",
            legal_ground=ground,
            jurisdiction=_country(row),
            body=authority or None,
            decision_ref=row.get("source", "").strip() if authority else "",
            decided_on=_day(row.get("date_published", "")),
        )
    )


def _country(row: dict[str, str]) -> str | None:
    """The official lists keep `official/no/oslo-tingrett` in one of two columns."""
    for key in ("name", "category_code"):
        parts = row.get(key, "").split("/")
        if parts[0] == "official" and len(parts) > 1:
            return parts[1]
    return None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None


SOURCE = Source(
    name="citizenlab",
    title="citizenlab/test-lists CSV",
    description="Rows that name a court or authority and copyright; all others are left in quarantine.",
    parse=parse,
)

"""Annex B ("Allegato B") of the orders of AGCOM, the Italian communications authority: a text file.

The first line is a number and a date, `0000412_2026.03.11`; then come names, addresses and URLs, one a
line. The date is written year.day.month by the current writer and year.month.day by older ones
(https://github.com/rfc1036/kit-censura).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from blocklists.defaults import Defaults
from blocklists.intake import Intake
from blocklists.model import BodyKind, Parsed, RecognitionKind, Scope
from blocklists.source import Source

_AMBIGUOUS = "the list's date can be read two ways; year.day.month is taken"

_FACTS = Defaults(
    source="agcom",
    legal_ground="copyright",
    jurisdiction="IT",
    body="AGCOM",
    body_kind=BodyKind.AUTHORITY,
    recognition_kind=RecognitionKind.ADMINISTRATIVE_ORDER,
    scope=Scope.DOMAIN_AND_SUBDOMAINS,
)


def parse(data: bytes, defaults: Defaults) -> Parsed:
    """Read an annex. Providers block a name with all below it, so that is how far names reach."""
    intake = Intake(defaults.over(_FACTS))
    note, first = "", True
    for number, line in intake.lines(data):
        text = line.partition("#")[0].strip() if line.startswith("#") or " #" in line else line
        if not text:
            continue
        header = _header(text) if first else None
        first = False
        if header is not None:
            annex, day, note = header
            named = replace(_FACTS, decision_ref=f"Allegato B {annex}", decided_on=day)
            intake.defaults = defaults.over(named)
            continue
        intake.url(number, text, note=note)
    return intake.parsed()


def _header(text: str) -> tuple[str, date | None, str] | None:
    """Number, date and a note on the date; None where the line is no header."""
    digits = len(text) - len(text.lstrip("0123456789"))
    parts = text[digits + 1 :].strip().split(".")
    if not digits or text[digits : digits + 1] not in ("_", "-", " ") or len(parts) != 3:
        return None
    if not all(part.isascii() and part.isdigit() and len(part) <= 4 for part in parts):
        return None
    year, second, third = map(int, parts)
    ambiguous = second <= 12 and third <= 12 and second != third
    day, month = (second, third) if third <= 12 else (third, second)
    try:
        return text[:digits], date(year, month, day), _AMBIGUOUS if ambiguous else ""
    except ValueError:
        return text[:digits], None, "the list's date is none"


SOURCE = Source(
    name="agcom",
    title="AGCOM, Allegato B",
    description="Italy: names and URLs that the communications authority ordered providers to block.",
    parse=parse,
)

"""Words, dates and numbers of one language. English is the text in the code; others are tables.

A table is `languages/<code>.json`, English sentence to translated sentence, whole sentences with
named places. What a table lacks stays English, so a half-done translation never breaks a page.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files

from markupsafe import Markup

NBSP = "\u00a0"
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November", "December",
)  # fmt: skip
_NAMES = {"en": "English", "de": "Deutsch", "fr": "Français"}
_GROUP = {"en": ",", "de": ".", "fr": "\u202f"}
_DAY = {"en": "{d} {m} {y}", "de": "{d}. {m} {y}", "fr": "{d} {m} {y}"}


class AtLeast(int):
    """A number that may be higher: `10,000+`."""


class Language:
    """What a page says, in one language."""

    def __init__(self, code: str, texts: Mapping[str, str]) -> None:
        self.code = code
        self.name = _NAMES.get(code, code)
        self._texts = texts

    def say(self, text: str, /, **values: object) -> Markup:
        """A sentence with its named places filled in; the values are escaped, the sentence is ours."""
        return Markup(self._texts.get(text, text)) % values  # noqa: S704

    def count(self, number: int, one: str, many: str, /, **values: object) -> Markup:
        """The sentence for one, or for any other number, which is its place `n`."""
        return self.say(one if number == 1 else many, n=self.number(number), **values)

    def number(self, value: int) -> str:
        """`1,204`, `1.204` or `1 204`; `1,204+` for at least so many."""
        more = "+" if isinstance(value, AtLeast) else ""
        return f"{int(value):,}".replace(",", _GROUP.get(self.code, ",")) + more

    def percent(self, part: int, whole: int) -> str:
        """A share without decimals."""
        gap = "" if self.code == "en" else NBSP
        return f"{round(100 * part / whole) if whole else 0}{gap}%"

    def size(self, octets: int) -> str:
        """`412 bytes`, `38 KB`, `2.1 GB`."""
        if octets < 1000:
            return f"{octets}{NBSP}bytes"
        value = float(octets)
        for unit in ("KB", "MB", "GB", "TB"):
            value /= 1000
            if value < 1000 or unit == "TB":
                break
        return f"{value:.0f}{NBSP}{unit}" if value >= 10 else f"{value:.1f}{NBSP}{unit}"

    def day(self, when: datetime) -> Markup:
        """`9 January 2026`."""
        return _time(self._date(when, short=False), f"{when.astimezone(UTC):%Y-%m-%d}")

    def short_day(self, when: datetime) -> Markup:
        """`9 Jan 2026`, for tables."""
        return _time(self._date(when, short=True), f"{when.astimezone(UTC):%Y-%m-%d}")

    def minute(self, when: datetime) -> Markup:
        """`9 January 2026, 06:12 UTC`."""
        return self._with_clock(when, short=False)

    def short_minute(self, when: datetime) -> Markup:
        """`9 Jan 2026, 06:12 UTC`."""
        return self._with_clock(when, short=True)

    def _with_clock(self, when: datetime, *, short: bool) -> Markup:
        utc = when.astimezone(UTC)
        # The year may begin a line: a whole date and time is wider than a narrow column.
        day, _, year = self._date(when, short=short).rpartition(NBSP)
        return _time(f"{day} {year}, {utc:%H:%M}{NBSP}UTC", f"{utc:%Y-%m-%dT%H:%M:%SZ}")

    def _date(self, when: datetime, *, short: bool) -> str:
        utc = when.astimezone(UTC)
        month = self._texts.get(MONTHS[utc.month - 1], MONTHS[utc.month - 1])
        if short and self.code == "en":
            month = month[:3]
        elif short and len(month) > 5:
            month = month[:3] + "."
        return _DAY.get(self.code, _DAY["en"]).format(d=utc.day, m=month, y=utc.year).replace(" ", NBSP)


def _time(text: str, machine: str) -> Markup:
    return Markup('<time datetime="%s">%s</time>') % (machine, text)


def is_translated(path: str) -> bool:
    """Whether a page speaks other languages: the answers do, forms and staff pages are English."""
    return path in ("/", "/lookup") or path.startswith(("/d/", "/file/"))


@cache
def language(code: str) -> Language:
    """A language by its code; English where there is no table of it."""
    if code not in available():
        code = "en"
    if code == "en":
        return Language("en", {})
    text = files("crawler.web").joinpath("languages", f"{code}.json").read_text("utf-8")
    return Language(code, json.loads(text))


@cache
def available() -> tuple[str, ...]:
    """Codes of the languages there are, English first."""
    folder = files("crawler.web").joinpath("languages")
    found = sorted(
        item.name.removesuffix(".json") for item in folder.iterdir() if item.name.endswith(".json")
    )
    return ("en", *found)

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
_POINT = {"de": ",", "fr": ","}
_DAY = {"en": "{d} {m} {y}", "de": "{d}. {m} {y}", "fr": "{d} {m} {y}"}


_TRANSLATED = frozenset({"/", "/lookup", "/check", "/complain", "/own", "/log", "/accessibility"})


class AtLeast(int):
    """A number that may be higher: `10,000+`."""


class Language:
    """What a page says, in one language."""

    def __init__(self, code: str, texts: Mapping[str, str]) -> None:
        self.code = code
        self.name = _NAMES.get(code, code)
        self._texts = texts

    @property
    def prefix(self) -> str:
        """What stands in front of a path: `/de`; nothing for English."""
        return "" if self.code == "en" else f"/{self.code}"

    def say(self, text: str, /, **values: object) -> Markup:
        """A sentence with its named places filled in; the values are escaped, the sentence is ours."""
        found = Markup(self._texts.get(text, text))  # noqa: S704
        return found % values if values else found

    def count(self, number: int, one: str, many: str, /, **values: object) -> Markup:
        """The sentence for one, or for any other number, which is its place `n`."""
        return self.say(one if number == 1 else many, n=self.number(number), **values)

    def sentences(self) -> tuple[str, ...]:
        """What there is of this language: translations, or of English what they translate."""
        if self._texts:
            return tuple(self._texts.values())
        return tuple(text for code in available() if code != "en" for text in language(code).originals())

    def originals(self) -> tuple[str, ...]:
        """The English sentences that are translated."""
        return tuple(self._texts)

    def plain(self, text: str, /, **values: object) -> str:
        """A sentence as plain text, for a mail: nothing in it is escaped."""
        found = self._texts.get(text, text)
        return found % values if values else found

    def plain_count(self, number: int, one: str, many: str, /, **values: object) -> str:
        """The plain sentence for one, or for any other number, which is its place `n`."""
        return self.plain(one if number == 1 else many, n=self.number(number), **values)

    def plain_day(self, when: datetime) -> str:
        """`9 January 2026`, with spaces that a line may be broken at."""
        return self._date(when, short=False).replace(NBSP, " ")

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
            return f"{octets}{NBSP}{self._texts.get('bytes', 'bytes')}"
        value = float(octets)
        for unit in ("KB", "MB", "GB", "TB"):
            value /= 1000
            if value < 1000 or unit == "TB":
                break
        shown = f"{value:.0f}" if value >= 10 else f"{value:.1f}".replace(".", _POINT.get(self.code, "."))
        return f"{shown}{NBSP}{unit}"

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
    """Whether a page speaks other languages: staff pages, the API and the page of the crawler are English."""
    return path in _TRANSLATED or path.startswith(("/d/", "/file/", "/complaint/", "/own/"))


@cache
def language(code: str) -> Language:
    """A language by its code; English where there is no table of it."""
    if code not in available():
        code = "en"
    if code == "en":
        return Language("en", {})
    text = files("crawler.web").joinpath("languages", f"{code}.json").read_text("utf-8")
    return Language(code, json.loads(text))


def nearest(tags: str) -> str | None:
    """The code of the first language there is of those that `de-AT, en;q=0.5` names (RFC 5646); else None."""
    for tag in tags[:200].split(","):
        code = tag.partition(";")[0].strip().partition("-")[0].lower()
        if code in available():
            return code
    return None


@cache
def available() -> tuple[str, ...]:
    """Codes of the languages there are, English first."""
    folder = files("crawler.web").joinpath("languages")
    found = sorted(
        item.name.removesuffix(".json") for item in folder.iterdir() if item.name.endswith(".json")
    )
    return ("en", *found)

"""Directives of `X-Robots-Tag`, `Robots-Tag` and meta robots, with the bot they are meant for.

No specification says how; the grammar is what MDN and Google document
(https://developers.google.com/search/docs/crawling-indexing/robots-meta-tag): rules with commas, and
a bot's name with a colon scopes every rule up to the next bot's name. Each header line is read by
itself: joined lines would pull one line's rules into another line's scope.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reservations.model import Agent, Locator, quoted
from reservations.readers.meta_elements import meta_elements, named

if TYPE_CHECKING:
    from reservations.facts import Facts

MAX_LINE = 65_536
"""Characters of one line that are read; servers and clients allow less."""

VALUED = frozenset(
    {"max-snippet", "max-image-preview", "max-video-preview", "unavailable_after", "tdm-reservation"}
)
"""Directives with a value, which would otherwise look like bots."""

EVERYONE = ""

RESERVING = frozenset({"noai", "noimageai", "noml"})
"""Directives that are looked for in forms nobody announced: `no-ai`, `"noai"`, `noai=1`, `noai: true`."""
_QUOTES = "\"'\u201c\u201d\u2018\u2019"
_TAKEN_BACK = frozenset({"0", "false", "no", "n", "off"})
_APART = str.maketrans(";|/", "   ")

# RFC 822, RFC 850 and ISO 8601, all of which hold colons and the first two a comma.
_ZONE = r"\s*+(?:[A-Za-z]{1,5}|[+-]\d{2}:?\d{2})?"
_DATE = re.compile(
    r"\s*+(?:(?:[A-Za-z]{3,9},?\s++)?\d{1,2}[ -][A-Za-z]{3,9}[ -]\d{2,4}\s++\d{1,2}:\d{2}(?::\d{2})?"
    + _ZONE
    + r"|\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?"
    + _ZONE
    + r")?)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Directive:
    """One rule."""

    name: str
    """Lower case."""
    bot: str = EVERYONE
    """Lower-case name of the bot it is meant for; EVERYONE where it names none."""
    value: str = ""
    separated: bool = True
    """False where rules stood without a comma between them, so that a strict reader sees none."""
    slip: bool = False
    """Whether it is written as nobody announced it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A directive and where it stands."""

    directive: Directive
    carrier: str
    """`header` or `meta`."""
    draft: bool
    """Whether it came by `Robots-Tag`, which is only proposed."""
    locator: Locator
    misplaced: bool = False
    """Whether it stands in a meta element that has `property` or `http-equiv` for `name`."""


def header_directives(line: str) -> tuple[Directive, ...]:
    """Directives of one `X-Robots-Tag` line."""
    return tuple(_scan(line[:MAX_LINE], scoped=True))


def meta_directives(content: str) -> tuple[Directive, ...]:
    """Directives of a meta element's content, where no bot can be named."""
    return tuple(_scan(content[:MAX_LINE], scoped=False))


def draft_directives(line: str) -> tuple[Directive, ...]:
    """Directives of one `Robots-Tag` line: `bot=rule,rule; bot=rule` (draft-illyes-repext-00)."""
    found: list[Directive] = []
    for part in line[:MAX_LINE].split(";"):
        bot, equals, rules = part.partition("=")
        names = filter(None, (name.strip().lower() for name in (rules if equals else bot).split(",")))
        found += [Directive(name=name, bot=_bot(bot) if equals else EVERYONE) for name in names]
    return tuple(found)


def is_ours(bot: str, agent: Agent) -> bool:
    """Whether a rule for this bot binds us."""
    return bot in (EVERYONE, agent.token.lower()) or bot in (alias.lower() for alias in agent.aliases)


def placed_directives(facts: Facts) -> Iterator[Placed]:
    """Every directive of a page's header lines and meta elements, for whichever bot."""
    yield from _in_header(facts)
    yield from _in_meta(facts)


def nofollow(facts: Facts) -> bool:
    """Whether links of this page are not to be followed by us."""
    return any(
        p.directive.name in ("nofollow", "none") and is_ours(p.directive.bot, facts.agent)
        for p in placed_directives(facts)
    )


def _in_header(facts: Facts) -> Iterator[Placed]:
    answer = facts.response
    digest = answer.sha256 if answer else ""
    for name, read, draft in (
        ("x-robots-tag", header_directives, False),
        ("robots-tag", draft_directives, True),
    ):
        for line in facts.fields.get_all(name) if answer else ():
            locator = Locator(evidence=digest, line=line.line, quote=quoted(line.quote))
            for directive in read(line.value):
                yield Placed(directive=directive, carrier="header", draft=draft, locator=locator)


def _in_meta(facts: Facts) -> Iterator[Placed]:
    ours = {"robots": EVERYONE} | {t.lower(): t.lower() for t in (facts.agent.token, *facts.agent.aliases)}
    for element, locator in meta_elements(facts):
        content = element.get("content") or ""
        name = named(element, "name")
        found: tuple[Directive, ...] = ()
        otherwise = (named(element, "property"), named(element, "http-equiv"))
        misplaced = name not in ours and "robots" in otherwise
        if "x-robots-tag" in otherwise[1:]:
            found = header_directives(content)
        elif name in ours or misplaced:
            found = meta_directives(content)
        for directive in found:
            yield Placed(
                directive=directive, carrier="meta", draft=False, locator=locator, misplaced=misplaced
            )


def _scan(line: str, *, scoped: bool) -> Iterator[Directive]:
    bot = EVERYONE
    at = 0
    while at < len(line):
        comma = line.find(",", at)
        end = len(line) if comma < 0 else comma
        while (colon := line.find(":", at, end)) >= 0:
            name = line[at:colon].strip().lower()
            if name in VALUED or not scoped or _reserving(name):
                break
            bot = _bot(name)
            at = colon + 1  # what follows is a rule, perhaps with a value of its own
        if colon < 0 or name not in VALUED:
            yield from _words(line[at:end].replace(":", "="), bot)
        else:
            value_end = end
            if name == "unavailable_after":
                value_end, end = _after_date(line, colon + 1, end)
            yield Directive(name=name, bot=bot, value=line[colon + 1 : value_end].strip())
            yield from _words(line[value_end:end], bot, follows=True)
        at = end + 1


def _after_date(line: str, start: int, end: int) -> tuple[int, int]:
    """Where a date at `start` ends, and the rule it stands in; both are `end` where there is no date."""
    date = _DATE.match(line, start)
    if date is None:
        return end, end
    comma = line.find(",", date.end())
    return date.end(), len(line) if comma < 0 else comma


def _words(part: str, bot: str, *, follows: bool = False) -> Iterator[Directive]:
    words = part.translate(_APART).lower().replace(" =", "=").replace("= ", "=").split()
    separated = len(words) == 1 and not follows
    for word in words:
        meant = _reserving(word)
        slip = bool(meant) and meant != word
        yield Directive(name=meant or word, bot=bot, separated=separated, slip=slip)


def _reserving(word: str) -> str:
    """The reserving directive that a word is meant as; empty for any other."""
    name, _, value = word.strip(_QUOTES).partition("=")
    squeezed = name.strip(_QUOTES).replace("-", "").replace("_", "")
    return squeezed if squeezed in RESERVING and value.strip(_QUOTES) not in _TAKEN_BACK else ""


def _bot(name: str) -> str:
    """A bot's name without its version; `*` and `robots` mean everyone."""
    token = name.strip().partition("/")[0].strip().lower()
    return EVERYONE if token in ("*", "robots") else token

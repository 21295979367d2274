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

from reservations.model import HTML_SIGNALS, Agent, Locator, quoted
from reservations.readers.html_head import FIRST_ELEMENT_LINE

if TYPE_CHECKING:
    from reservations.facts import Facts

MAX_LINE = 65_536
"""Characters of one line that are read; servers and clients allow less."""

VALUED = frozenset(
    {"max-snippet", "max-image-preview", "max-video-preview", "unavailable_after", "tdm-reservation"}
)
"""Directives with a value, which would otherwise look like bots."""

EVERYONE = ""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A directive and where it stands."""

    directive: Directive
    carrier: str
    """`header` or `meta`."""
    draft: bool
    """Whether it came by `Robots-Tag`, which is only proposed."""
    locator: Locator


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
    for name, read, draft in (
        ("x-robots-tag", header_directives, False),
        ("robots-tag", draft_directives, True),
    ):
        for line in facts.fields.get_all(name) if answer else ():
            locator = Locator(
                evidence=answer.sha256 if answer else "", line=line.line, quote=quoted(line.quote)
            )
            for directive in read(line.value):
                yield Placed(directive=directive, carrier="header", draft=draft, locator=locator)


def _in_meta(facts: Facts) -> Iterator[Placed]:
    extract = facts.own(HTML_SIGNALS)
    if extract is None:
        return
    ours = {"robots": EVERYONE} | {t.lower(): t.lower() for t in (facts.agent.token, *facts.agent.aliases)}
    for line, element in enumerate(facts.elements, start=FIRST_ELEMENT_LINE):
        if element.tag != "meta":
            continue
        content = element.get("content") or ""
        locator = Locator(
            evidence=extract.sha256, line=line, offset=element.offset, quote=quoted(element.quote)
        )
        name = (element.get("name") or "").strip().lower()
        found: tuple[Directive, ...] = ()
        if (element.get("http-equiv") or "").strip().lower() == "x-robots-tag":
            found = header_directives(content)
        elif name in ours:
            found = meta_directives(content)
        for directive in found:
            yield Placed(directive=directive, carrier="meta", draft=False, locator=locator)


def _scan(line: str, *, scoped: bool) -> Iterator[Directive]:
    bot = EVERYONE
    at = 0
    while at < len(line):
        comma = line.find(",", at)
        end = len(line) if comma < 0 else comma
        while (colon := line.find(":", at, end)) >= 0:
            name = line[at:colon].strip().lower()
            if name in VALUED or not scoped:
                break
            bot = _bot(name)
            at = colon + 1  # what follows is a rule, perhaps with a value of its own
        if colon < 0:
            yield from _words(line[at:end], bot)
        elif name in VALUED:
            if name == "unavailable_after":
                end = _after_date(line, colon + 1, end)
            yield Directive(name=name, bot=bot, value=line[colon + 1 : end].strip())
        at = end + 1


def _after_date(line: str, start: int, end: int) -> int:
    """Where the rule ends that begins with a date at `start`; `end` where there is no date."""
    date = _DATE.match(line, start)
    if date is None:
        return end
    comma = line.find(",", date.end())
    return len(line) if comma < 0 else comma


def _words(part: str, bot: str) -> Iterator[Directive]:
    words = part.replace(";", " ").lower().split()
    for word in words:
        yield Directive(name=word, bot=bot, separated=len(words) == 1)


def _bot(name: str) -> str:
    """A bot's name without its version; `*` and `robots` mean everyone."""
    token = name.strip().partition("/")[0].strip().lower()
    return EVERYONE if token in ("*", "robots") else token

"""Reservations in plain words: comments of robots.txt, footers of pages, and texts such as terms of use.

Article 4(3) of Directive (EU) 2019/790 asks for an express reservation in an appropriate manner;
section 44b(3) UrhG asks for machine-readable form. Courts differ on plain language (OLG Hamburg
5 U 104/24; BoligPortal v ReData), so a clause is reported and binds only where the operator chose
the strict profile. The comment that Cloudflare serves with Content Signals expresses nothing alone.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from functools import lru_cache

from reservations.facts import Facts
from reservations.model import (
    LETTER_ONLY,
    ROBOTS_TXT,
    STRICT_ONLY,
    Evidence,
    Level,
    Locator,
    Note,
    NoteKind,
    Outcome,
    Preference,
    Profile,
    Protocol,
    Reading,
    Statement,
    Use,
    quoted,
)
from reservations.origins import origin_of
from reservations.readers.boilerplate import KIND as TEXT
from reservations.readers.phrases import MAX_TEXT, Hit, cached_reservations
from reservations.readers.robots_txt import RobotsFile

NAME = "natural_language"

_REPORTED = LETTER_ONLY | {Profile.STANDARD}
_NOTHING = Reading()

CLAUSE = NoteKind(
    code="natural_language.clause",
    level=Level.WARN,
    summary="A reservation was found in plain words only",
    text="Most crawlers do not read sentences, and some courts want a machine-readable form. Forbear reports"
    " this one and leaves the page out only where its operator chose the strict profile. State it in "
    "robots.txt or TDMRep too.",
)
CUT = NoteKind(
    code="natural_language.long-text",
    level=Level.INFO,
    summary="The text is longer than Forbear searches",
    text="Only the first 100,000 characters were searched for a reservation. Put it near the beginning, or "
    "state it in a machine-readable form.",
)


def parse(facts: Facts) -> Reading:
    """Clauses in the comments of robots.txt and in texts of the URL's origin."""
    file = facts.robots
    readings = [_comments(file)] if file is not None and file.comments else []
    readings += [_text(e) for e in facts.all(TEXT) if _is_ours(e, facts)]
    if not readings:
        return _NOTHING
    return Reading(
        statements=tuple(s for r in readings for s in r.statements),
        notes=tuple(n for r in readings for n in r.notes),
    )


def _is_ours(evidence: Evidence, facts: Facts) -> bool:
    return evidence.outcome is Outcome.FOUND and origin_of(evidence.url) == facts.origin


@lru_cache(maxsize=1024)
def _comments(file: RobotsFile) -> Reading:
    """Comments of lines that follow one another are one paragraph; an empty one ends it."""
    parts: list[str] = []
    starts: list[tuple[int, int]] = []
    length, before = 0, 0
    for comment in file.comments:
        separator = " " if comment.line == before + 1 else "\n\n"
        text = separator + (comment.text.strip("#*=- \t") or "\n\n")
        starts.append((length + len(separator), comment.line))
        parts.append(text)
        length, before = length + len(text), comment.line
    return _reading("".join(parts), file.sha256, "this origin", starts)


def _text(evidence: Evidence) -> Reading:
    text = evidence.body[: 4 * MAX_TEXT].decode("utf-8", "replace")
    starts = [(0, 1)]
    at = text.find("\n")
    while 0 <= at < MAX_TEXT:
        starts.append((at + 1, len(starts) + 1))
        at = text.find("\n", at + 1)
    return _reading(text, evidence.sha256, "this text", starts)


def _reading(text: str, digest: str, scope: str, starts: list[tuple[int, int]]) -> Reading:
    hits = [(hit, _line_of(hit, starts)) for hit in cached_reservations(text)]
    places = [Locator(evidence=digest, line=line, quote=quoted(hit.sentence.text)) for hit, line in hits]
    notes = tuple(Note(kind=CLAUSE, locator=place) for place in places[:1])
    if len(text) > MAX_TEXT:
        notes += (Note(kind=CUT, locator=Locator(evidence=digest)),)
    return Reading(statements=tuple(s for place in places for s in _statements(place, scope)), notes=notes)


def _line_of(hit: Hit, starts: list[tuple[int, int]]) -> int:
    """The line on which a sentence begins; a sentence's start may be the blank before it."""
    return starts[max(bisect_right(starts, hit.sentence.start + 1, key=lambda s: s[0]) - 1, 0)][1]


def _statements(place: Locator, scope: str) -> Iterator[Statement]:
    """Reported under the letter and standard, binding under strict."""
    for under, advisory in ((_REPORTED, True), (STRICT_ONLY, False)):
        yield Statement(
            protocol=NAME,
            code=NAME,
            use=Use.TDM,
            preference=Preference.RESERVED,
            locator=place,
            under=under,
            decided_by="file",
            scope=scope,
            advisory=advisory,
        )


PROTOCOL = Protocol(
    name=NAME,
    title="Reservations in plain language",
    spec_url="https://eur-lex.europa.eu/eli/dir/2019/790/oj#art_4",
    spec_version="Directive (EU) 2019/790; phrase table of 2026-11-24",
    kinds=(ROBOTS_TXT, TEXT),
    parse=parse,
    codes=(NAME,),
    notes=(CLAUSE, CUT),
)

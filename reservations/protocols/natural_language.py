"""Reservations in plain words: comments of robots.txt, footers of pages, and the terms a site links.

Article 4(3) of Directive (EU) 2019/790 asks for an express reservation in an appropriate manner;
section 44b(3) UrhG asks for machine-readable form. Courts differ on plain language (OLG Hamburg
5 U 104/24; BoligPortal v ReData), so a clause is reported and binds only where the operator chose
the strict profile. The comment that Cloudflare serves with Content Signals expresses nothing alone.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from typing import assert_never

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
    Reading,
    Statement,
    Unknown,
    Use,
    quoted,
)
from reservations.origins import origin_of
from reservations.protocol import Protocol
from reservations.readers.boilerplate import KIND as TEXT
from reservations.readers.phrases import MAX_TEXT, Hit, cached_reservations
from reservations.readers.robots_txt import RobotsFile
from reservations.readers.terms_page import KIND as TERMS
from reservations.readers.terms_page import was_searched

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
CLOSED = NoteKind(
    code="natural_language.terms-closed",
    level=Level.INFO,
    summary="The site links terms that a crawler may not read",
    text="robots.txt, a login or an error keeps us from the page of terms. Forbear does not go round that, so"
    " a reservation there is not known to it. State it in robots.txt or TDMRep, which every crawler reads.",
)
NOT_SEARCHED = NoteKind(
    code="natural_language.terms-not-searched",
    level=Level.INFO,
    summary="The terms that the site links are no text that Forbear searches",
    text="Forbear searches terms that are HTML or plain text, not PDF or pictures. State a reservation in "
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
    readings += map(_terms, facts.all(TERMS))
    if not readings:
        return _NOTHING
    return Reading(
        statements=tuple(s for r in readings for s in r.statements),
        unknowns=tuple(u for r in readings for u in r.unknowns),
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


def _text(evidence: Evidence, scope: str = "this text") -> Reading:
    text = evidence.body[: 4 * MAX_TEXT].decode("utf-8", "replace")
    starts = [(0, 1)]
    at = text.find("\n")
    while 0 <= at < MAX_TEXT:
        starts.append((at + 1, len(starts) + 1))
        at = text.find("\n", at + 1)
    return _reading(text, evidence.sha256, scope, starts)


def _terms(evidence: Evidence) -> Reading:
    """The page of terms of the site; it is evidence about a URL because a page of the site links it."""
    place = Locator(evidence=evidence.sha256, quote=quoted(evidence.url))
    match evidence.outcome:
        case Outcome.FOUND:
            searched = () if was_searched(evidence.body) else (Note(kind=NOT_SEARCHED, locator=place),)
            reading = _text(evidence, scope="this site")
            return replace(reading, notes=(*reading.notes, *searched))
        case Outcome.UNREACHABLE:
            return Reading(unknowns=(_unknown(evidence, place),))
        case Outcome.ABSENT | Outcome.REFUSED | Outcome.TOO_LARGE | Outcome.MALFORMED:
            return Reading(notes=(Note(kind=CLOSED, locator=place),))
        case _:
            assert_never(evidence.outcome)


def _unknown(evidence: Evidence, place: Locator) -> Unknown:
    why = f"the terms at {evidence.url[:300]} could not be had: {evidence.why[:200]}"
    return Unknown(protocol=NAME, code=NAME, locator=place, why=why, under=STRICT_ONLY)


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
    kinds=(ROBOTS_TXT, TEXT, TERMS),
    parse=parse,
    codes=(NAME,),
    notes=(CLAUSE, CUT, CLOSED, NOT_SEARCHED),
)

"""RSL, Really Simple Licensing: licence documents that robots.txt, a header or a page points to.

Spec: RSL-SPEC-1.0, https://rslstandard.org/rsl, sections 3 and 4. A document that was pointed to and
cannot be had or is not conformant leaves the asset unlicensed (section 4.3). By the letter a page's
own licence stands before the site's; failing closed every one of them reserves (section 4.9: the
most restrictive combination). A permission is noted and lifts nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from reservations.facts import Facts
from reservations.model import (
    ALWAYS,
    HTML_SIGNALS,
    RESPONSE,
    ROBOTS_TXT,
    Evidence,
    EvidenceRequest,
    Locator,
    Note,
    Outcome,
    Preference,
    Reading,
    Unknown,
    Use,
    quoted,
)
from reservations.protocol import Protocol
from reservations.readers import rsl_embedded
from reservations.readers.rsl_document import Place, RslDocument, read_rsl
from reservations.readers.rsl_notes import (
    FEED_ITEMS,
    MISSING,
    OF_FLAW,
    OF_ODDITY,
    OF_PROBLEM,
    RELATIVE,
    RSL_NOTES,
    STRANGER,
    TOO_MANY,
)
from reservations.readers.rsl_pointers import MAX_POINTERS, Pointer, pointers
from reservations.readers.rsl_scope import Reach, Target, target_of
from reservations.readers.rsl_terms import COVERS, Finding, Standing, finding, oddities, terms_for
from reservations.readers.said import Said, statements, strictest

NAME = "rsl"
KIND = "rsl"
UNREADABLE = "rsl.unreadable"

UNLICENSED = (Use.TDM, Use.AI_TRAIN, Use.AI_INPUT)
"""What stays closed without a valid document: all but being found (Measure 1.3 of the GPAI Code asks
that reservations do not harm search)."""

_SAYS = {
    Standing.PROHIBITED: ("rsl.prohibited", Preference.RESERVED),
    Standing.PAYMENT: ("rsl.payment", Preference.RESERVED),
    Standing.PERMITTED: ("rsl", Preference.PERMITTED),
}
_NOTHING = Reading()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """A document, or why there is none, and what pointed to it."""

    pointer: Pointer
    document: RslDocument | None = None
    asked: bool = True
    """Whether the document was asked for; beyond MAX_POINTERS none is."""

    def place(self, place: Place) -> Locator:
        """A place of the document; inside a page, the element that holds it."""
        if not self.pointer.url:
            return Locator(
                evidence=self.pointer.locator.evidence,
                line=self.pointer.locator.line,
                offset=self.pointer.locator.offset,
                quote=quoted(place.quote),
            )
        digest = self.document.sha256 if self.document else ""
        return Locator(evidence=digest, line=place.line, offset=place.offset, quote=quoted(place.quote))


def wants(facts: Facts) -> tuple[EvidenceRequest, ...]:
    """The documents that what is known so far points to (section 4: every association point)."""
    urls = dict.fromkeys(p.url for p in pointers(facts) if p.url)
    return tuple(EvidenceRequest(kind=KIND, url=url) for url in tuple(urls)[:MAX_POINTERS])


def parse(facts: Facts) -> Reading:
    """The terms of every document that is pointed to, for this URL."""
    found = pointers(facts)
    if not found:
        return _NOTHING
    sources, unknowns = _sources(facts, found)
    target = target_of(facts.url)
    letter = _letter(sources, target)
    lenient = strictest(s for source in sources for s in _said(source, target, lenient=True))
    notes = {n.kind: n for n in reversed([*_about_pointers(found), *_about_documents(sources)])}
    return Reading(
        statements=statements(NAME, letter, lenient),
        unknowns=tuple(unknowns),
        notes=tuple(reversed(notes.values())),
    )


def _sources(facts: Facts, found: tuple[Pointer, ...]) -> tuple[list[_Source], list[Unknown]]:
    answers = {e.url.partition("#")[0]: e for e in facts.all(KIND)}
    sources: list[_Source] = []
    unknowns: list[Unknown] = []
    addresses = tuple(dict.fromkeys(p.url for p in found if p.url))
    for pointer in found:
        if pointer.document or not pointer.url:  # inside a page, a feed or a file
            sources.append(_Source(pointer=pointer, document=read_rsl(pointer.document)))
            continue
        answer = answers.get(pointer.url)
        if pointer.url in addresses[MAX_POINTERS:]:
            sources.append(_Source(pointer=pointer, asked=False))
        elif answer is None:
            continue  # not asked for yet: `wants` names it, and the gate waits for it
        elif answer.outcome is Outcome.UNREACHABLE:
            unknowns.append(_unknown(pointer, answer))
        else:
            document = read_rsl(answer.body) if answer.outcome is Outcome.FOUND else None
            sources.append(_Source(pointer=pointer, document=document))
    return sources, unknowns


def _unknown(pointer: Pointer, answer: Evidence) -> Unknown:
    """Section 4.3 takes an asset for unlicensed as long as no document can be obtained."""
    why = answer.why or (f"{answer.url} answers {answer.status}" if answer.status else "no answer")
    return Unknown(protocol=NAME, code=UNREADABLE, locator=pointer.locator, why=why, under=ALWAYS)


def _letter(sources: Iterable[_Source], target: Target) -> dict[Use, Said]:
    """What is valid by the letter; the page's own licences stand before the site's (section 4.9)."""
    proper = [s for s in sources if s.pointer.proper]
    page = strictest(x for s in proper if s.pointer.page for x in _said(s, target, lenient=False))
    site = strictest(x for s in proper if not s.pointer.page for x in _said(s, target, lenient=False))
    return {**site, **page}


def _said(source: _Source, target: Target, *, lenient: bool) -> Iterator[tuple[Use, Said]]:
    document = source.document
    if document is None:
        yield from _unlicensed(source, source.pointer.locator)
        return
    reach = source.pointer.reach
    terms = terms_for(document, target, lenient=lenient, page=source.pointer.page, reach=reach)
    if not terms.scopes and (reach is Reach.NAMED or (reach is Reach.FEED and not lenient)):
        return  # it is about something else, whatever is wrong with it
    permits = document.conformant and source.pointer.flaw is None and not (reach is Reach.FEED and lenient)
    for use in COVERS:
        found = finding(terms, use)
        if found is not None and (permits or found.standing is not Standing.PERMITTED):
            yield use, _from_finding(found, source)
    if not document.conformant:
        yield from _unlicensed(source, source.place(document.problems[0].place))


def _from_finding(found: Finding, source: _Source) -> Said:
    code, preference = _SAYS[found.standing]
    return Said(
        preference=preference,
        code=code,
        locator=source.place(found.place),
        carrier=source.pointer.carrier,
        scope=quoted(found.scope),
    )


def _unlicensed(source: _Source, locator: Locator) -> Iterator[tuple[Use, Said]]:
    for use in UNLICENSED:
        said = Said(
            preference=Preference.RESERVED, code=UNREADABLE, locator=locator, carrier=source.pointer.carrier
        )
        yield use, said


# ---- notes


def _about_pointers(found: tuple[Pointer, ...]) -> Iterator[Note]:
    for pointer in found:
        if pointer.reach is Reach.FEED:
            yield Note(kind=FEED_ITEMS, locator=pointer.locator)
        if pointer.flaw is not None:
            yield Note(kind=OF_FLAW[pointer.flaw], locator=pointer.locator)
        elif pointer.stranger:
            yield Note(kind=STRANGER, locator=pointer.locator)
        elif not pointer.proper:
            yield Note(kind=RELATIVE, locator=pointer.locator)
    addresses = dict.fromkeys(p.url for p in found if p.url)
    if len(addresses) > MAX_POINTERS:
        yield Note(kind=TOO_MANY, locator=found[MAX_POINTERS].locator)


def _about_documents(sources: Iterable[_Source]) -> Iterator[Note]:
    for source in sources:
        if source.document is None:
            if source.asked:
                yield Note(kind=MISSING, locator=source.pointer.locator)
            continue
        for problem in source.document.problems:
            yield Note(kind=OF_PROBLEM[problem.kind], locator=source.place(problem.place))
        for odd, place in oddities(source.document):
            yield Note(kind=OF_ODDITY[odd], locator=source.place(place))


PROTOCOL = Protocol(
    name=NAME,
    title="RSL, Really Simple Licensing",
    spec_url="https://rslstandard.org/rsl#section-4",
    spec_version="RSL 1.0 with errata to 7 August 2026",
    kinds=(ROBOTS_TXT, RESPONSE, HTML_SIGNALS, KIND, rsl_embedded.KIND),
    parse=parse,
    wants=wants,
    codes=("rsl.prohibited", "rsl.payment", UNREADABLE),
    notes=RSL_NOTES,
)

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
    Level,
    Locator,
    Note,
    NoteKind,
    Outcome,
    Preference,
    Protocol,
    Reading,
    Unknown,
    Use,
    quoted,
)
from reservations.readers.rsl_document import Place, ProblemKind, RslDocument, read_rsl
from reservations.readers.rsl_pointers import MAX_POINTERS, Pointer, pointers
from reservations.readers.rsl_scope import Target, target_of
from reservations.readers.rsl_terms import COVERS, Finding, OddityKind, Standing, finding, oddities, terms_for
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

RELATIVE = NoteKind(
    code="rsl.pointer-invalid",
    level=Level.WARN,
    summary="A pointer to a licence is not valid by the letter",
    text="The address must be absolute and the type `application/rsl+xml`; a strict reader skips the "
    "pointer. Forbear follows it all the same. Write the whole address, as in "
    "`License: https://your.site/license.xml` in robots.txt.",
)
STRANGER = NoteKind(
    code="rsl.license-in-other-group",
    level=Level.WARN,
    summary="The only License line stands in another crawler's group",
    text="A License line below a User-agent line is for that crawler alone, also at the end of the file. "
    "Forbear reads it as meant for everybody. Put it above the first User-agent line.",
)
MISSING = NoteKind(
    code="rsl.document-missing",
    level=Level.BAD,
    summary="The licence that is pointed to cannot be had",
    text="Without a valid document nothing is licensed (RSL 1.0 section 4.3), so Forbear takes everything"
    " as reserved. Correct the address, or remove the pointer.",
)
TOO_MANY = NoteKind(
    code="rsl.too-many-documents",
    level=Level.WARN,
    summary="More licences are pointed to than Forbear reads",
    text="Forbear reads eight documents for one page; what is said in the others is not known, so it "
    "takes the page as unlicensed. Put the terms into one document.",
)
NOT_RSL = NoteKind(
    code="rsl.not-a-document",
    level=Level.BAD,
    summary="What the pointer leads to is not an RSL document",
    text="It is no well-formed XML, its root is not `rsl`, or it is larger or deeper than we read. "
    "Nothing is licensed without a valid document. Check it with an XML validator.",
)
DOCTYPE = NoteKind(
    code="rsl.doctype",
    level=Level.BAD,
    summary="The licence declares a document type or entities",
    text="Forbear refuses both for safety (RSL 1.0 section 8) and takes everything as reserved. Remove "
    "the `<!DOCTYPE ...>`.",
)
NAMESPACE = NoteKind(
    code="rsl.namespace",
    level=Level.BAD,
    summary="The licence is not in the namespace https://rslstandard.org/rsl",
    text="A document in another namespace is not RSL and licenses nothing. Forbear honours what it "
    'prohibits. Write `<rsl xmlns="https://rslstandard.org/rsl">`.',
)
NOT_CONFORMANT = NoteKind(
    code="rsl.not-conformant",
    level=Level.BAD,
    summary="The licence breaks the schema, so it permits nothing",
    text="An element that RSL does not know, a `content` without `license` or `url`, or two `permits` of "
    "one type make the document non-conformant. Forbear honours what it prohibits and takes no "
    "permission from it.",
)
COMMAS = NoteKind(
    code="rsl.commas",
    level=Level.WARN,
    summary="Values are separated by commas",
    text="RSL 1.0 separates values by spaces; commas were used in the 0.9 draft. Forbear reads them in "
    "what is prohibited, not in what is permitted. Write `ai-train ai-input`.",
)
UNKNOWN_USAGE = NoteKind(
    code="rsl.unknown-usage",
    level=Level.WARN,
    summary="A usage is not one that RSL 1.0 defines",
    text="Defined are all, ai-all, ai-train, ai-input, ai-index and search. Forbear reads words with "
    "`train` in them as ai-train where they are prohibited. Write `ai-train`.",
)
CONFLICT = NoteKind(
    code="rsl.permits-and-prohibits",
    level=Level.WARN,
    summary="One licence both permits and prohibits a usage",
    text="The prohibition wins (RSL 1.0 section 3.6), also where it is `all` and the permission narrower."
    " Remove one of the two.",
)
_OF_PROBLEM = {
    ProblemKind.NOT_XML: NOT_RSL,
    ProblemKind.NOT_RSL: NOT_RSL,
    ProblemKind.TOO_LARGE: NOT_RSL,
    ProblemKind.DOCTYPE: DOCTYPE,
    ProblemKind.NAMESPACE: NAMESPACE,
    ProblemKind.UNKNOWN_ELEMENT: NOT_CONFORMANT,
    ProblemKind.NO_LICENSE: NOT_CONFORMANT,
    ProblemKind.REPEATED: NOT_CONFORMANT,
    ProblemKind.NO_URL: NOT_CONFORMANT,
}
_OF_ODDITY = {
    OddityKind.COMMAS: COMMAS,
    OddityKind.UNKNOWN_USAGE: UNKNOWN_USAGE,
    OddityKind.CONFLICT: CONFLICT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """A document, or why there is none, and what pointed to it."""

    pointer: Pointer
    document: RslDocument | None = None
    asked: bool = True
    """Whether the document was asked for; beyond MAX_POINTERS none is."""

    def place(self, place: Place) -> Locator:
        """A place of the document; inside a page, the element that holds it."""
        if self.pointer.document:
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
        if pointer.document or not pointer.url:
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
    terms = terms_for(document, target, lenient=lenient, page=source.pointer.page)
    for use in COVERS:
        found = finding(terms, use)
        if found is not None and (document.conformant or found.standing is not Standing.PERMITTED):
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
        if pointer.stranger:
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
            yield Note(kind=_OF_PROBLEM[problem.kind], locator=source.place(problem.place))
        for odd, place in oddities(source.document):
            yield Note(kind=_OF_ODDITY[odd], locator=source.place(place))


PROTOCOL = Protocol(
    name=NAME,
    title="RSL, Really Simple Licensing",
    spec_url="https://rslstandard.org/rsl#section-4",
    spec_version="RSL 1.0 with errata to 7 August 2026",
    kinds=(ROBOTS_TXT, RESPONSE, HTML_SIGNALS, KIND),
    parse=parse,
    wants=wants,
    codes=("rsl.prohibited", "rsl.payment", UNREADABLE),
    notes=(
        RELATIVE,
        STRANGER,
        MISSING,
        TOO_MANY,
        *dict.fromkeys((*_OF_PROBLEM.values(), *_OF_ODDITY.values())),
    ),
)

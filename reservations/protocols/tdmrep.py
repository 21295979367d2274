"""TDM Reservation Protocol, W3C Community Group final report of 10 May 2024.

Read in the order of its section "Processing priority": file, header, HTML, EPUB or PDF. A later
place supersedes an earlier one, reservation and policy each for itself; silence resets nothing, and
an invalid value is silence. That is the letter. Failing closed, a value that plainly reserves counts
although it is invalid, and a permission counts only where the letter grants it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from reservations.facts import Facts
from reservations.model import (
    ALWAYS,
    EPUB_OPF,
    FAIL_CLOSED,
    HTML_SIGNALS,
    LETTER_ONLY,
    PDF_XMP,
    RESPONSE,
    TDMREP_JSON,
    Evidence,
    EvidenceRequest,
    Location,
    Locator,
    Note,
    Outcome,
    Preference,
    Profile,
    Reading,
    Statement,
    Unknown,
    Use,
    quoted,
)
from reservations.protocol import Protocol
from reservations.readers.meta_elements import NAMINGS, meta_elements, named
from reservations.readers.opf import read_opf
from reservations.readers.path_pattern import normal_path
from reservations.readers.tdm_policy import KIND as TDM_POLICY
from reservations.readers.tdm_policy import POLICY_ALONE, POLICY_NOTES, read_policies, wanted
from reservations.readers.tdmrep_file import (
    Rule,
    TdmFile,
    cautious_match,
    first_match,
    read_tdmrep_file,
    why_unknown,
)
from reservations.readers.tdmrep_notes import FILE_REFUSED, LONGER_RULE, TDMREP_NOTES
from reservations.readers.tdmrep_values import (
    POLICY,
    RESERVATION,
    Place,
    Said,
    Text,
    policy_complaints,
    read_texts,
    resolved_policy,
)
from reservations.readers.xmp import read_xmp

_SPEC = "https://www.w3.org/community/reports/tdmrep/CG-FINAL-tdmrep-20240510/"

NAMESPACES = frozenset(
    f"{scheme}://www.w3.org/ns/tdmrep{end}" for scheme in ("http", "https") for end in ("/", "#", "")
)
"""The report ends it in `/` for PDF and in `#` for EPUB; each is seen in the other's place."""

_ELSEWHERE = {
    f"tdm{mark}{name.removeprefix('tdm-')}": name for mark in (":", "_") for name in (RESERVATION, POLICY)
}
"""Names of EPUB and PDF, and a slip, as they are met in HTML."""


def parse(facts: Facts) -> Reading:
    """All places in the order of the report, settled; nothing in them raises."""
    file = facts.location(TDMREP_JSON)
    places = facts.once(_places)
    letter = _settle(p.letter for p in places)
    cautious = _settle(p.cautious for p in places)
    policies = read_policies(facts, _policies(letter, cautious))
    notes = (*(n for p in places for n in p.notes), *_policy_alone(places, cautious), *policies.notes)
    return Reading(
        statements=(*_statements(letter, cautious), *policies.statements),
        unknowns=_unknown(file),
        notes=notes,
    )


def wants(facts: Facts) -> tuple[EvidenceRequest, ...]:
    """The policies that the reservations in force name, if the operator reads policies at all."""
    if not facts.agent.reads_policies:
        return ()
    places = facts.once(_places)
    return wanted(facts, _policies(_settle(p.letter for p in places), _settle(p.cautious for p in places)))


def _places(facts: Facts) -> tuple[Place, ...]:
    file = facts.location(TDMREP_JSON)
    return (_file(facts, file), _header(facts), _meta(facts), _epub(facts), _pdf(facts))


def _policies(*settled: Said | None) -> Iterator[str]:
    return (said.policy for said in settled if said is not None and said.policy)


def _settle(said: Iterable[Said | None]) -> Said | None:
    """Processing priority: later supersedes earlier, reservation and policy each for itself."""
    winner: Said | None = None
    policy = ""
    for one in said:
        if one is None:
            continue
        if one.value is not None and not (one.weak and winner is not None):
            winner = one
        policy = one.policy or policy
    if winner is None:
        return None
    return Said(carrier=winner.carrier, value=winner.value, locator=winner.locator, code=winner.code,
                 scope=winner.scope, policy=policy if winner.value == 1 else "")  # fmt: skip


def _statements(letter: Said | None, cautious: Said | None) -> Iterator[Statement]:
    if letter == cautious:
        yield from _statement(letter, ALWAYS)
    else:
        yield from _statement(letter, LETTER_ONLY)
        yield from _statement(cautious, FAIL_CLOSED)


def _statement(said: Said | None, under: frozenset[Profile]) -> Iterator[Statement]:
    if said is not None:
        yield Statement(
            protocol="tdmrep",
            code=said.code,
            use=Use.TDM,
            preference=Preference.RESERVED if said.value == 1 else Preference.PERMITTED,
            locator=said.locator,
            under=under,
            decided_by=said.carrier,
            policy_url=said.policy or None,
            scope=said.scope,
        )


def _file(facts: Facts, evidence: Evidence | None) -> Place:
    if evidence is None or why_unknown(evidence):
        return Place()
    if evidence.outcome is Outcome.REFUSED and evidence.status in (401, 403):
        return Place(notes=(Note(kind=FILE_REFUSED, locator=Locator(evidence=evidence.sha256)),))
    if evidence.outcome in (Outcome.REFUSED, Outcome.ABSENT):
        return Place()
    file = read_tdmrep_file(evidence.body)
    if file == TdmFile():
        return Place()
    digest, path = evidence.sha256, normal_path(facts.url)
    strict = first_match(file, facts.origin, path)
    cautious, overruled = cautious_match(file, facts.origin, path)
    notes = [
        Note(kind=f.kind, locator=Locator(evidence=digest, line=f.line, quote=f.quote)) for f in file.findings
    ]
    if overruled is not None and cautious is not None:
        notes.append(Note(kind=LONGER_RULE, locator=_rule_locator(cautious, digest)))
    for rule in dict.fromkeys(r for r in (strict, cautious) if r is not None):
        notes += policy_complaints(rule.policy, _rule_locator(rule, digest))
    return Place(
        letter=_from_rule(strict, evidence, digest),
        cautious=_from_rule(cautious, evidence, digest),
        notes=tuple(notes),
    )


def _from_rule(rule: Rule | None, evidence: Evidence, digest: str) -> Said | None:
    if rule is None:
        return None
    return Said(
        carrier="file",
        value=rule.value,
        locator=_rule_locator(rule, digest),
        code="tdmrep.file" if rule.conforms else "tdmrep.malformed",
        scope=rule.location,
        policy=resolved_policy(rule.policy, evidence),
        weak=rule.value == 0 and not rule.conforms,
    )


def _rule_locator(rule: Rule, digest: str) -> Locator:
    return Locator(evidence=digest, line=rule.line, quote=rule.quote)


def _unknown(evidence: Evidence | None) -> tuple[Unknown, ...]:
    why = why_unknown(evidence) if evidence else ""
    if evidence is None or not why:
        return ()
    return (
        Unknown(
            protocol="tdmrep",
            code="tdmrep.unreachable",
            locator=Locator(evidence=evidence.sha256),
            why=why,
            under=FAIL_CLOSED,
        ),
    )


def _header(facts: Facts) -> Place:
    answer = facts.response
    if answer is None or not any(name in facts.fields for name in (RESERVATION, POLICY, "x-robots-tag")):
        return Place()
    digest = answer.sha256

    def lines(name: str) -> list[Text]:
        return [
            Text(text=f.value, locator=Locator(evidence=digest, line=f.line, quote=quoted(f.quote)))
            for f in facts.fields.get_all(name)
        ]

    values = lines(RESERVATION)
    values += [
        Text(text=tail.strip(), locator=line.locator, in_place=False)
        for line in lines("x-robots-tag")
        for name, colon, tail in (line.text.lower().partition(":"),)
        if colon and name.strip() == RESERVATION
    ]
    # Several lines are one value with commas in it (RFC 9110 section 5.3), which is neither 1 nor 0.
    return read_texts("header", "this response", values, lines(POLICY), answer, one_line=True)


def _meta(facts: Facts) -> Place:
    extract = facts.own(HTML_SIGNALS)
    if extract is None or not facts.elements:
        return Place()
    found: dict[str, list[Text]] = {name: [] for name in (RESERVATION, POLICY)}
    for element, locator in meta_elements(facts):
        for naming in NAMINGS:
            name = named(element, naming)
            meant = _ELSEWHERE.get(name, name)
            if meant in found:
                text = (element.get("content") or "").strip()
                proper = naming == "name" and name == meant
                found[meant].append(Text(text=text, locator=locator, in_place=proper))
                break
    return read_texts("meta", "this document", found[RESERVATION], found[POLICY], extract)


def _pdf(facts: Facts) -> Place:
    evidence = _found(facts, PDF_XMP)
    if evidence is None:
        return Place()
    packet = read_xmp(evidence.body)
    return _metadata(
        "pdf", evidence, lambda name: packet.get_all(NAMESPACES, name), well_formed=packet.well_formed
    )


def _epub(facts: Facts) -> Place:
    evidence = _found(facts, EPUB_OPF)
    if evidence is None:
        return Place()
    package = read_opf(evidence.body)

    def values(name: str) -> list[str]:
        # a name with the hyphen of HTML comes without a prefix
        bare = name.startswith("tdm-")
        return [
            m.value
            for m in package.metas
            if m.name == name
            and (bare or m.namespace in NAMESPACES or (m.prefix == "tdm" and not m.namespace))
        ]

    return _metadata("epub", evidence, values, well_formed=package.well_formed)


def _found(facts: Facts, kind: str) -> Evidence | None:
    evidence = facts.own(kind)
    return evidence if evidence is not None and evidence.outcome is Outcome.FOUND else None


def _metadata(
    carrier: str, evidence: Evidence, values: Callable[[str], Sequence[str]], *, well_formed: bool
) -> Place:
    digest = evidence.sha256

    def text(written: str, value: str, *, proper: bool) -> Text:
        locator = Locator(evidence=digest, quote=quoted(f"{written} {value}"))
        return Text(text=value, locator=locator, in_place=proper and well_formed, ill_formed=not well_formed)

    def texts(name: str) -> list[Text]:
        proper = [text(f"tdm:{name}", value, proper=True) for value in values(name)]
        return proper + [text(f"tdm-{name}", value, proper=False) for value in values(f"tdm-{name}")]

    return read_texts(carrier, "this file", texts("reservation"), texts("policy"), evidence)


def _policy_alone(places: Sequence[Place], settled: Said | None) -> Iterator[Note]:
    if settled is None:
        alone = next((p.cautious for p in places if p.cautious is not None and p.cautious.policy), None)
        if alone is not None:
            yield Note(kind=POLICY_ALONE, locator=alone.locator)


PROTOCOL = Protocol(
    name="tdmrep",
    title="TDM Reservation Protocol",
    spec_url=_SPEC + "#sec-processing-priority",
    spec_version="CG final report, 10 May 2024",
    kinds=(TDMREP_JSON, RESPONSE, HTML_SIGNALS, PDF_XMP, EPUB_OPF, TDM_POLICY),
    locations=(Location(kind=TDMREP_JSON, path="/.well-known/tdmrep.json"),),
    meta_names=frozenset({RESERVATION, POLICY, *_ELSEWHERE}),
    codes=(
        "tdmrep.file",
        "tdmrep.header",
        "tdmrep.meta",
        "tdmrep.pdf",
        "tdmrep.epub",
        "tdmrep.malformed",
        "tdmrep.unreachable",
    ),
    notes=(*TDMREP_NOTES, *POLICY_NOTES),
    parse=parse,
    wants=wants,
)

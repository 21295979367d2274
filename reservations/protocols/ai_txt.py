"""Spawning's ai.txt: which media types of a site may train a model.

Announcement: https://spawning.substack.com/p/aitxt-a-new-way-for-websites-to-set (May 2023); a vendor
convention without a grammar. What is withheld is training, not the visit. Other files of the same
name (profiles for assistants, draft-car-ai-txt-wellknown) are recognised and left alone.
"""

from __future__ import annotations

from collections.abc import Iterator

from reservations.facts import Facts
from reservations.model import (
    FAIL_CLOSED,
    RESPONSE,
    Evidence,
    Level,
    Location,
    Locator,
    Note,
    NoteKind,
    Outcome,
    Preference,
    Reading,
    Statement,
    Unknown,
    Use,
    quoted,
)
from reservations.protocol import Protocol
from reservations.readers.ai_txt_file import AiRule, AiTxt, Subject, read_ai_txt, subject_of, winner
from reservations.readers.location_answer import Answer, answer_of, why_unknown
from reservations.readers.robots_groups import MAX_INFERRED
from reservations.readers.robots_lines import ALLOW, DISALLOW
from reservations.readers.said import Said, statement, statements

NAME = "ai_txt"
KIND = "ai.txt"
USES = (Use.AI_TRAIN, Use.GENAI_TRAIN)

_NOTHING = Reading()

OTHER_FORM = NoteKind(
    code="ai_txt.other-form",
    level=Level.INFO,
    summary="The ai.txt is not in Spawning's form, so it says nothing to us",
    text="Several formats share this name. Forbear reads the one of Spawning's generator, groups of `User-"
    "Agent`, `Allow` and `Disallow`, and guesses at no other. To reserve in any case, use robots.txt or"
    " TDMRep.",
)
WEB_PAGE = NoteKind(
    code="ai_txt.web-page",
    level=Level.INFO,
    summary="A web page answers in place of ai.txt",
    text="Many servers answer so for addresses that do not exist. It expresses nothing. Answer 404 instead.",
)
REFUSED = NoteKind(
    code="ai_txt.refused",
    level=Level.WARN,
    summary="The server refuses ai.txt to us",
    text="The file answers 401 or 403, so that what it may say cannot be read. Let every user agent read it.",
)
PATTERN = NoteKind(
    code="ai_txt.pattern",
    level=Level.WARN,
    summary="A Disallow is not written as the generator writes it",
    text="Patterns are `*.jpg`, or begin with `/`. Forbear reads `.jpg` as `*.jpg`, `private` as `/private` "
    "and `Training` as the whole site; an Allow is never repaired. Write `Disallow: /` to withhold "
    "everything.",
)
OUTSIDE = NoteKind(
    code="ai_txt.outside-group",
    level=Level.WARN,
    summary="Rules stand before the first User-Agent line",
    text="Nothing says whom they are for, and Forbear does not read them. Put `User-Agent: *` above them.",
)

_ABOUT_ANSWER = {Answer.PAGE: WEB_PAGE, Answer.REFUSED: REFUSED}


def parse(facts: Facts) -> Reading:
    """Read the origin's ai.txt for one URL."""
    evidence = facts.location(KIND)
    if evidence is None or evidence.outcome is Outcome.ABSENT:
        return _NOTHING
    answer = answer_of(evidence)
    if answer is Answer.UNKNOWN:
        return Reading(unknowns=(_unknown(evidence),))
    if answer is not Answer.FILE:
        kind = _ABOUT_ANSWER.get(answer)
        return Reading(notes=(_note(kind, evidence),)) if kind else _NOTHING
    file = read_ai_txt(evidence.body, facts.agent)
    if file is None:
        return Reading(notes=(_note(OTHER_FORM, evidence),))
    return _read(file, subject_of(facts.url, facts.fields.media_type()), evidence)


def _unknown(evidence: Evidence) -> Unknown:
    place = Locator(evidence=evidence.sha256)
    return Unknown(protocol=NAME, code="ai_txt.unreachable", locator=place, why=why_unknown(evidence))


def _note(kind: NoteKind, evidence: Evidence) -> Note:
    start = evidence.body[:200].decode("utf-8", "replace").strip()
    return Note(kind=kind, locator=Locator(evidence=evidence.sha256, line=1, quote=quoted(start)))


def _read(file: AiTxt, subject: Subject, evidence: Evidence) -> Reading:
    letter = winner(file.letter, subject, lenient=False)
    lenient = _lenient(file, subject)
    made = statements(NAME, _said(letter, file), _said(lenient, file))
    if lenient is None or lenient.allow:
        told = winner(file.own, subject, lenient=True)
        made += () if told is not None else _inferred(file, subject)
    unknowns = (_unknown(evidence),) if file.file.truncated else ()
    return Reading(statements=made, unknowns=unknowns, notes=tuple(_notes(file, lenient)))


def _lenient(file: AiTxt, subject: Subject) -> AiRule | None:
    """The group with our name speaks for us; what it leaves unsaid is looked up in `*`."""
    said = winner(file.own, subject, lenient=True) or winner(file.everybody, subject, lenient=True)
    if said is None or said.allow:
        alias = winner(file.aliases, subject, lenient=True)
        return alias if alias is not None and not alias.allow else said
    return said


def _said(rule: AiRule | None, file: AiTxt) -> dict[Use, Said]:
    if rule is None:
        return {}
    said = Said(
        preference=Preference.PERMITTED if rule.allow else Preference.RESERVED,
        code=NAME,
        locator=_line(rule, file),
        carrier="file",
        scope=quoted(rule.record.value),
    )
    return dict.fromkeys(USES, said)


def _line(rule: AiRule, file: AiTxt) -> Locator:
    return Locator(evidence=file.file.sha256, line=rule.record.line, quote=quoted(rule.record.text))


def _inferred(file: AiTxt, subject: Subject) -> tuple[Statement, ...]:
    """What only other operators' training bots are told, reported as such."""
    found = [
        statement(NAME, Use.AI_TRAIN, _said(rule, file)[Use.AI_TRAIN], FAIL_CLOSED, bot)
        for bots, rules in file.bots
        if (rule := winner(rules, subject, lenient=True)) is not None and not rule.allow
        for bot in bots.bots
    ]
    return tuple(found[:MAX_INFERRED])


def _notes(file: AiTxt, rule: AiRule | None) -> Iterator[Note]:
    if rule is not None and not rule.proper:
        yield Note(kind=PATTERN, locator=_line(rule, file))
    for record in file.file.lenient.outside:
        if record.key in (ALLOW, DISALLOW):
            place = Locator(evidence=file.file.sha256, line=record.line, quote=quoted(record.text))
            yield Note(kind=OUTSIDE, locator=place)
            return


PROTOCOL = Protocol(
    name=NAME,
    title="Spawning ai.txt",
    spec_url="https://spawning.substack.com/p/aitxt-a-new-way-for-websites-to-set#generator",
    spec_version="announcement of May 2023; no grammar",
    kinds=(KIND, RESPONSE),
    parse=parse,
    locations=(Location(kind=KIND, path="/ai.txt"),),
    codes=(NAME, "ai_txt.unreachable", "robots.other_ai_bots"),
    notes=(OTHER_FORM, WEB_PAGE, REFUSED, PATTERN, OUTSIDE),
)

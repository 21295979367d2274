"""trust.txt: `datatrainingallowed=no` for a whole site.

Reference document: https://journallist.net/reference-document-for-trust-txt-specifications
(`datatrainingallowed` added on 4 April 2024); draft-org-trust-relationship-protocol-01, expired.
Looked for at `/trust.txt` and, where there is none, at `/.well-known/trust.txt`. Only `yes` and `no`
are defined; a value that plainly means no counts failing closed, and `no` wins over `yes`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from itertools import islice

from reservations.facts import Facts
from reservations.model import (
    Evidence,
    EvidenceRequest,
    Level,
    Location,
    Locator,
    Note,
    NoteKind,
    Outcome,
    Preference,
    Reading,
    Unknown,
    Use,
    quoted,
)
from reservations.origins import origin_of
from reservations.protocol import Protocol
from reservations.readers.location_answer import Answer, answer_of, why_unknown
from reservations.readers.robots_lines import decode_lines
from reservations.readers.said import Said, statements, strictest

NAME = "trust_txt"
KIND = "trust.txt"
PATH = "/trust.txt"
FALLBACK = "/.well-known/trust.txt"
USES = (Use.AI_TRAIN, Use.GENAI_TRAIN)

MAX_BYTES = 1_048_576
MAX_LINES = 100
_ATTRIBUTE = "datatrainingallowed"
_FIELD = re.compile(
    r"[^\w]{0,8}([A-Za-z][A-Za-z _\u00a0-]{0,40}?)(={1,2}|:|(?=[ \t]no[ \t]*\Z))(.*)", re.DOTALL
)
_SQUEEZED = {ord(c): None for c in " _-\t\u00a0"}
_NO = frozenset(
    {"no", "false", "0", "n", "none", "never", "deny", "denied", "disallow", "disallowed", "prohibited"}
)

_NOTHING = Reading()

FORM = NoteKind(
    code="trust_txt.form",
    level=Level.WARN,
    summary="The statement about training is not written as trust.txt defines it",
    text="The form is `datatrainingallowed=no`, with an equals sign and `yes` or `no`. Forbear honours a "
    "plain no in other spellings, and takes no permission from them.",
)
VALUE = NoteKind(
    code="trust_txt.value",
    level=Level.WARN,
    summary="datatrainingallowed is neither yes nor no",
    text="Only `yes` and `no` are defined; anything else says nothing. Write `datatrainingallowed=no`.",
)
CONFLICT = NoteKind(
    code="trust_txt.conflict",
    level=Level.WARN,
    summary="datatrainingallowed is both yes and no",
    text="The reference document does not say which of two lines holds; Forbear takes the no. Keep one.",
)
WEB_PAGE = NoteKind(
    code="trust_txt.web-page",
    level=Level.INFO,
    summary="A web page answers in place of trust.txt",
    text="Many servers answer so for addresses that do not exist. It expresses nothing. Answer 404 instead.",
)
REFUSED = NoteKind(
    code="trust_txt.refused",
    level=Level.WARN,
    summary="The server refuses trust.txt to us",
    text="The file answers 401 or 403, so that what it may say cannot be read. Let every user agent read it.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """A line about training."""

    locator: Locator
    preference: Preference | None
    """None where the value says nothing."""
    proper: bool
    """Whether the reference document has this form."""


_ABOUT_ANSWER = {Answer.PAGE: WEB_PAGE, Answer.REFUSED: REFUSED}


def wants(facts: Facts) -> tuple[EvidenceRequest, ...]:
    """The well-known place, once it is known that there is no file at the root."""
    files = _files(facts)
    if len(files) != 1 or files[0].url != facts.origin + PATH:
        return ()
    if answer_of(files[0]) not in (Answer.NOTHING, Answer.PAGE):
        return ()
    return (EvidenceRequest(kind=KIND, url=facts.origin + FALLBACK),)


def parse(facts: Facts) -> Reading:
    """Read the origin's trust.txt, wherever it was found."""
    files = [f for f in _files(facts) if f.outcome is not Outcome.ABSENT]
    if not files:
        return _NOTHING
    answers = [(f, answer_of(f)) for f in files]
    lines = [line for f, answer in answers if answer is Answer.FILE for line in _about_training(f.body)]
    said = [(line, _said(line)) for line in lines]
    return Reading(
        statements=statements(
            NAME,
            strictest((use, s) for line, s in said for use in USES if s and line.proper),
            strictest((use, s) for _, s in said for use in USES if s),
        ),
        unknowns=tuple(_unknown(f) for f, answer in answers if answer is Answer.UNKNOWN),
        notes=(*_about_lines(lines), *_about_answers(answers)),
    )


def _files(facts: Facts) -> list[Evidence]:
    return [e for e in facts.all(KIND) if origin_of(e.url) == facts.origin]


def _unknown(file: Evidence) -> Unknown:
    place = Locator(evidence=file.sha256)
    return Unknown(protocol=NAME, code="trust_txt.unreachable", locator=place, why=why_unknown(file))


def _said(line: _Line) -> Said | None:
    if line.preference is None:
        return None
    return Said(
        preference=line.preference, code=NAME, locator=line.locator, carrier="file", scope="this origin"
    )


@lru_cache(maxsize=1024)
def _about_training(body: bytes) -> tuple[_Line, ...]:
    """The lines about training; read once per origin, and not at all where the word does not occur."""
    start = body[:MAX_BYTES]
    if b"raining" not in start.lower() and b"\0" not in start:
        return ()
    digest = sha256(body).hexdigest()
    found = (_line(digest, n, text) for n, text in enumerate(decode_lines(start).lines, start=1))
    return tuple(islice(filter(None, found), MAX_LINES))


def _line(digest: str, number: int, text: str) -> _Line | None:
    match = _FIELD.fullmatch(text.partition("#")[0])
    if match is None or match[1].translate(_SQUEEZED).lower() != _ATTRIBUTE:
        return None
    place = Locator(evidence=digest, line=number, quote=quoted(text))
    value = match[3].strip().lower()
    plain = match[2] == "=" and match[1].strip().lower() == _ATTRIBUTE
    if plain and value in ("yes", "no"):
        preference = Preference.PERMITTED if value == "yes" else Preference.RESERVED
        return _Line(locator=place, preference=preference, proper=True)
    denied = any(word.strip(" \t\"'.;") in _NO for word in value.split(","))
    return _Line(locator=place, preference=Preference.RESERVED if denied else None, proper=False)


def _about_lines(lines: list[_Line]) -> Iterator[Note]:
    permitted = any(line.preference is Preference.PERMITTED for line in lines)
    told: dict[str, Note] = {}
    for line in lines:
        kinds = [VALUE] if line.preference is None else [] if line.proper else [FORM]
        if permitted and line.preference is Preference.RESERVED:
            kinds.append(CONFLICT)
        for kind in kinds:
            told.setdefault(kind.code, Note(kind=kind, locator=line.locator))
    yield from told.values()


def _about_answers(answers: list[tuple[Evidence, Answer]]) -> Iterator[Note]:
    for file, answer in answers:
        if answer in _ABOUT_ANSWER:
            yield Note(kind=_ABOUT_ANSWER[answer], locator=Locator(evidence=file.sha256, line=1))


PROTOCOL = Protocol(
    name=NAME,
    title="trust.txt",
    spec_url="https://journallist.net/reference-document-for-trust-txt-specifications#datatrainingallowed",
    spec_version="reference document of April 2024",
    kinds=(KIND,),
    parse=parse,
    wants=wants,
    locations=(Location(kind=KIND, path=PATH),),
    codes=(NAME, "trust_txt.unreachable"),
    notes=(FORM, VALUE, CONFLICT, WEB_PAGE, REFUSED),
)

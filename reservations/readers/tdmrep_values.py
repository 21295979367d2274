"""Values of a TDMRep property: 1, 0, and what plainly means one of them; and the policy beside it.

TDMRep final report of 10 May 2024, sections on `tdm-reservation` and `tdm-policy`. Every place is
read twice, as the letter has it and failing closed; the protocol settles places against each other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from reservations.model import Evidence, Locator, Note
from reservations.readers.json_document import JsonObject
from reservations.readers.tdmrep_notes import BAD_POLICY, BAD_VALUE, CONFLICT, ILL_FORMED, MISPLACED

RESERVATION = "tdm-reservation"
POLICY = "tdm-policy"

_ONE_NUMBER = re.compile(r"0{0,9}[12](?:\.0{0,9})?")
_ONE_WORDS = frozenset({"1", "2", "true", "yes", "reserved", "?1", '"1"', "'1'"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What one place says to one reader."""

    carrier: str
    value: int | None
    locator: Locator
    code: str
    scope: str
    policy: str = ""
    weak: bool = False
    """A permission that the letter does not grant, and that therefore supersedes nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One place, as the letter reads it and as the cautious do, with what there is to say about it."""

    letter: Said | None = None
    cautious: Said | None = None
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """One value of a property as text."""

    text: str
    locator: Locator
    in_place: bool = True
    """Whether the report looks for it there, under this name."""
    ill_formed: bool = False
    """Whether it stands in what is no XML."""


def strict_value(value: object) -> int | None:
    """1 or 0 as the report wants it. `True == 1` in Python, so the type is tested first."""
    return int(value) if type(value) in (int, float) and value in (0, 1) else None


def text_value(text: str) -> int | None:
    """1 or 0 of a header, meta or metadata value, as the report wants it."""
    return int(text) if text in ("0", "1") else None


def lenient_value(value: object) -> int | None:
    """1 where a value plainly means reserved; 0 only for `0` and `"0"`; else None.

    2 meant "reserved, with policy" in drafts of 2021 (issue 23 of w3c-cg/tdm-reservation-protocol).
    """
    if isinstance(value, bool):
        return 1 if value else None
    if isinstance(value, int | float):
        return 1 if value in (1, 2) else 0 if value == 0 else None
    if isinstance(value, str):
        word = value.partition(";")[0].strip().lower()
        one = word in _ONE_WORDS or _ONE_NUMBER.fullmatch(word)
        return 1 if one else 0 if word == "0" else None
    if isinstance(value, JsonObject):
        inner = value.get("@value")
        return lenient_value(inner.value) if inner and not isinstance(inner.value, JsonObject) else None
    return None


def read_texts(
    carrier: str,
    scope: str,
    values: Sequence[Text],
    policies: Sequence[Text],
    evidence: Evidence,
    *,
    one_line: bool = False,
) -> Place:
    """One place whose values are text: what it says to the letter, to the cautious, and the notes."""
    if not values and not policies:
        return Place()
    policy = next((url for t in reversed(policies) if (url := resolved_policy(t.text, evidence))), "")
    said_policy = policies[-1].locator if policies else values[0].locator

    def said(value: int | None, where: Text | None, code: str = "", *, weak: bool = False) -> Said:
        return Said(carrier=carrier, value=value, locator=where.locator if where else said_policy,
                     code=code or f"tdmrep.{carrier}", scope=scope, policy=policy, weak=weak)  # fmt: skip

    proper = [t for t in values if t.in_place]
    strict = {text_value(t.text) for t in proper}
    letter = next(iter(strict)) if len(strict) == 1 and not (one_line and len(proper) > 1) else None
    reserving = next((t for t in values if any(lenient_value(p) == 1 for p in t.text.split(","))), None)
    letter_said = said(letter, proper[0] if letter is not None else None)
    if reserving is not None and letter != 1:
        cautious = said(1, reserving, "tdmrep.malformed")
    elif letter is None and values and all(lenient_value(t.text) == 0 for t in values):
        cautious = said(0, values[0], weak=True)
    else:
        cautious = letter_said
    notes = _text_notes(carrier, values, strict, letter)
    notes += [n for t in policies for n in policy_complaints(t.text, t.locator)]
    return Place(letter=letter_said, cautious=cautious, notes=tuple(notes))


def _text_notes(
    carrier: str, values: Sequence[Text], strict: set[int | None], letter: int | None
) -> list[Note]:
    notes = []
    for text in values:
        if not text.in_place:
            notes.append(Note(kind=ILL_FORMED if text.ill_formed else MISPLACED, locator=text.locator))
        elif text_value(text.text) is None:
            notes.append(Note(kind=BAD_VALUE, locator=text.locator))
    if letter is None and strict and None not in strict:
        notes.append(Note(kind=CONFLICT, locator=values[-1].locator))
    return notes


def policy_complaints(policy: str, locator: Locator) -> Iterator[Note]:
    """A note where a policy is given that is no address."""
    if policy and not _resolve(policy, "https://policy.invalid/"):
        yield Note(kind=BAD_POLICY, locator=locator)


def resolved_policy(policy: str, evidence: Evidence) -> str:
    """A policy's absolute address, relative to the file, answer or document that names it.

    Empty where there is none, and for anything but http and https.
    """
    try:
        base = urljoin(evidence.url, evidence.final_url)
    except ValueError:
        base = evidence.url
    return _resolve(policy, base) if policy else ""


def _resolve(policy: str, base: str) -> str:
    if "=" in policy.partition("/")[0]:  # `contact=mailto:...; terms=...`, seen in the wild
        return ""
    try:
        url = urljoin(base, policy)
        parts = urlsplit(url)
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not parts.hostname or any(c.isspace() for c in policy):
        return ""
    return url

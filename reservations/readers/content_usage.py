"""The value of a Content-Usage field: preferences by the letter, and what they were meant to be.

Spec: draft-ietf-aipref-vocab-08 section 6 over RFC 9651 section 3.2 (a Dictionary whose values are
the Tokens `y` and `n`). One bad key voids the whole value by the letter; the second reading keeps
every `n` it can find and never finds a `y`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

import http_sf

from reservations.model import Preference, Use
from reservations.readers.said import negatives

FIELD = "content-usage"
MAX_VALUE = 8192
"""Characters that are parsed as a structured field; a longer value is searched for an `n` only."""

_USUAL = 256
"""Characters of a value that is worth remembering: a few make up nearly all there are."""

_CURRENT = {"train-ai": Use.AI_TRAIN, "ai-use": Use.AI_INPUT, "search": Use.SEARCH}
_EVERYTHING = (Use.TDM, Use.AI_TRAIN, Use.AI_INPUT, Use.SEARCH)
_EARLIER = {
    "ai": (Use.AI_TRAIN,),
    "train-genai": (Use.GENAI_TRAIN,),
    "genai": (Use.GENAI_TRAIN,),
    "tdm": _EVERYTHING,
    "all": _EVERYTHING,
    "bots": _EVERYTHING,
    "inference": (Use.AI_INPUT,),
    "ai-output": (Use.AI_INPUT,),
}
"""Labels of vocab-01 to -04, and what an `n` reserved there."""

_FOREIGN = {"ai-train": (Use.AI_TRAIN,), "ai-input": (Use.AI_INPUT,)}
"""Keys of Content Signals, written here by mistake."""

_USES = {**{label: (use,) for label, use in _CURRENT.items()}, **_EARLIER, **_FOREIGN}
_LABELS = tuple(sorted(_USES, key=len, reverse=True))
_VALUES = {"y": Preference.PERMITTED, "n": Preference.RESERVED}


class Form(StrEnum):
    """How a preference is written."""

    CURRENT = "current"
    LEGACY = "legacy"
    MALFORMED = "malformed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A preference about one use."""

    use: Use
    preference: Preference
    form: Form = Form.CURRENT


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """One value, read both ways."""

    letter: tuple[Wish, ...] = ()
    meant: tuple[Wish, ...] = ()
    """Everything the second reading finds, the letter's own preferences among it."""
    parsed: bool = True
    repeated: bool = False
    """Whether a label stands there twice, of which the last counts by the letter."""
    excepted: bool = False
    """Whether an `n` comes with `exceptions`, as a CC signal does."""


def read_usage(value: str) -> Usage:
    """Read a value, blanks around it already taken off (RFC 9110 section 5.5)."""
    return _usual(value) if len(value) < _USUAL else _read(value)


@lru_cache(maxsize=4096)
def _usual(value: str) -> Usage:
    return _read(value)


def _read(value: str) -> Usage:
    repeated: list[str] = []
    members = _members(value, repeated)
    said = {} if members is None else {k: p for k, m in members.items() if (p := _preference(m)) is not None}
    letter = tuple(Wish(use=_CURRENT[k], preference=p) for k, p in said.items() if k in _CURRENT)
    meant = [*letter, *_earlier(said)]
    for label in negatives(value, _LABELS):
        if said.get(label) is not Preference.RESERVED:
            meant += _reserved(label, said, Form.MALFORMED)
    return Usage(
        letter=letter,
        meant=tuple(meant),
        parsed=members is not None,
        repeated=bool(repeated),
        excepted=any(_is_excepted(member) for member in (members or {}).values()),
    )


def _members(value: str, repeated: list[str]) -> dict[str, object] | None:
    """Keys with their members; None if it is no Dictionary."""
    if len(value) > MAX_VALUE:
        return None
    try:
        parsed = http_sf.parse(
            value.encode("utf-8", "replace"),
            tltype="dictionary",
            on_duplicate_key=lambda key, _: repeated.append(key),
        )
    except (ValueError, OverflowError):  # StructuredFieldError is a ValueError
        return None
    return dict(parsed) if isinstance(parsed, dict) else None


def _is_excepted(member: object) -> bool:
    """Whether a reserving member has the parameter `exceptions` (CC signals, draft 0.1)."""
    parameters = member[1] if isinstance(member, tuple) and len(member) > 1 else None
    return (
        isinstance(parameters, dict)
        and "exceptions" in parameters
        and _preference(member) is Preference.RESERVED
    )


def _preference(member: object) -> Preference | None:
    """What a member says; None for any value but the two Tokens."""
    bare = member[0] if isinstance(member, tuple) else member
    return _VALUES.get(str(bare)) if isinstance(bare, http_sf.Token) else None


def _earlier(said: dict[str, Preference]) -> list[Wish]:
    found: list[Wish] = []
    for label, preference in said.items():
        if label in _EARLIER and preference is Preference.RESERVED:
            found += _reserved(label, said, Form.LEGACY)
        elif label == "ai":
            found.append(Wish(use=Use.AI_TRAIN, preference=preference, form=Form.LEGACY))
    return found


def _reserved(label: str, said: dict[str, Preference], form: Form) -> list[Wish]:
    """What an `n` reserves; a label for everything leaves out what a narrower one permits."""
    uses = _USES[label]
    if uses is _EVERYTHING:
        permitted = {_CURRENT.get(k, Use.AI_TRAIN) for k in (*_CURRENT, "ai") if said.get(k) is _VALUES["y"]}
        # Reserving text and data mining would take back a training that is expressly permitted.
        permitted |= {Use.TDM} if Use.AI_TRAIN in permitted else set()
        uses = tuple(use for use in uses if use not in permitted)
    return [Wish(use=use, preference=Preference.RESERVED, form=form) for use in uses]

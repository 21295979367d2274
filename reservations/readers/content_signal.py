"""The value of a Content-Signal line: pairs as the policy text has them, and what was meant to be one.

Policy text: https://contentsignals.org/. It has examples and no grammar. The second reading keeps every
`no` it can find, under the keys of other vocabularies too, and never finds a `yes`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from reservations.model import Level, NoteKind, Preference, Use
from reservations.readers.path_pattern import PathPattern
from reservations.readers.robots_rules import plain_pattern
from reservations.readers.said import NEGATIVE_WORDS, negatives

USE_OF = {"ai-train": Use.AI_TRAIN, "ai-input": Use.AI_INPUT, "search": Use.SEARCH, "use": Use.AI_TRAIN}
_VALUES = {"yes": Preference.PERMITTED, "no": Preference.RESERVED}
_NO = frozenset(NEGATIVE_WORDS)
_MEANT = {
    **{key: (key,) for key in USE_OF},
    **dict.fromkeys(("ai_train", "train-ai", "ai-training", "aitrain"), ("ai-train",)),
    **dict.fromkeys(("ai_input", "ai-use", "aiinput"), ("ai-input",)),
    "ai": ("ai-train", "ai-input"),
}
"""Keys as they are written, those of other vocabularies and slips among them, by what is meant."""
_WRITTEN = tuple(sorted(_MEANT, key=len, reverse=True))
MAX_VALUE = 8_192
"""Characters of a value that are read pair by pair; the rest is searched for a `no` only."""
_USUAL = 256
"""Characters of a value that is worth remembering: a few make up nearly all there are."""

_CEILINGS = frozenset({"immediate", "reference"})
"""Levels of `use` below `full`, which is what a training crawl is (Cloudflare, 2026-08-31)."""

UNKNOWN = NoteKind(
    code="content_signal.unknown",
    level=Level.WARN,
    summary="A content signal has a key or a value that is not defined",
    text="Defined are search, ai-input and ai-train with yes or no, and use with immediate, reference or "
    "full. Anything else says nothing to Forbear.",
)
FORM = NoteKind(
    code="content_signal.form",
    level=Level.WARN,
    summary="A content signal is not written as in the policy text",
    text="Forbear reads the `no` in it and leaves the rest. Write `key=value` pairs with a comma between "
    "them, `yes` or `no` as the value, after `Content-Signal:`.",
)
PATH = NoteKind(
    code="content_signal.path",
    level=Level.WARN,
    summary="A content signal begins with a path, which the policy text does not define",
    text="Forbear applies a `no` to that path and takes no permission from it. Most readers drop the line.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One key of one value."""

    key: str
    preference: Preference
    plain: bool
    """Whether the policy text has this form."""
    path: PathPattern | None
    note: NoteKind | None


def read_signals(value: str) -> tuple[Pair, ...]:
    """The signals of one value; a pair without a key is one that says nothing."""
    return _usual(value) if len(value) < _USUAL else tuple(_pairs(value))


@lru_cache(maxsize=4096)
def _usual(value: str) -> tuple[Pair, ...]:
    return tuple(_pairs(value))


def _pairs(value: str) -> Iterator[Pair]:
    path: PathPattern | None = None
    if value.startswith("/"):
        path, value = plain_pattern(value.split(None, 1)[0]), "".join(value.split(None, 1)[1:])
    plain = {_pair(part) for part in value[:MAX_VALUE].split(",")}
    parts = value[:MAX_VALUE].replace(";", ",").split(",")
    told = dict.fromkeys(pair for part in parts if part.strip() for pair in _told(part))
    told |= dict.fromkeys(_meant(value[MAX_VALUE:]))
    for key, word in told:
        preference = _preference(key, word)
        if preference is None:
            yield Pair(key="", preference=Preference.UNSTATED, plain=False, path=path, note=UNKNOWN)
            continue
        exact = (key, word) in plain and (word in _VALUES or key == "use") and path is None
        note = PATH if path else None if exact else FORM
        if path is None or preference is Preference.RESERVED:
            yield Pair(key=key, preference=preference, plain=exact, path=path, note=note)


def _told(part: str) -> tuple[tuple[str, str], ...]:
    """What one part says as it stands, and every `no` that is plainly meant by it."""
    pair = _pair(part)
    meant = _meant(part)
    if _preference(*pair) is None and meant:
        return meant
    return (pair, *(one for one in meant if one[0] != pair[0]))


def _meant(text: str) -> tuple[tuple[str, str], ...]:
    return tuple((key, "no") for written in negatives(text, _WRITTEN) for key in _MEANT[written])


def _pair(part: str) -> tuple[str, str]:
    key, _, word = part.partition("=")
    return key.strip().lower(), word.strip().strip("\"'").lower()


def _preference(key: str, word: str) -> Preference | None:
    if key == "use" and (word in _CEILINGS or word == "full"):
        return Preference.RESERVED if word in _CEILINGS else Preference.PERMITTED
    if key not in USE_OF:
        return None
    if word in _NO:
        return Preference.RESERVED
    return _VALUES.get(word) if key != "use" else None

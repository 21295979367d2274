"""What one line says about uses, by the letter and failing closed, made into settled statements."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TypeVar

from reservations.model import (
    ALWAYS,
    FAIL_CLOSED,
    LETTER_ONLY,
    Locator,
    NoteKind,
    OtherBot,
    Preference,
    Profile,
    Statement,
    Use,
)

K = TypeVar("K", bound=Hashable)

NEGATIVE_WORDS = (
    *("no", "n", "0", "false", "deny", "denied", "disallow", "disallowed"),
    *("forbidden", "prohibited", "never", "reserved"),
)
"""Values that withhold, whatever the protocol's own word for it is. `none` may mean no preference."""
BLANKS = "\u00a0\u200b\u200c\u200d\u2060\ufeff"
"""What is copied along with text and seen by nobody: no-break space, zero-width characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A preference, where it stands, and what its owner should know about the way it is written."""

    preference: Preference
    code: str
    locator: Locator
    carrier: str
    scope: str = ""
    note: NoteKind | None = None

    @property
    def reserves(self) -> bool:
        """Whether it withholds something."""
        return self.preference is Preference.RESERVED


def strictest(said: Iterable[tuple[K, Said]]) -> dict[K, Said]:
    """One saying for each key: the first that reserves, else the first."""
    found: dict[K, Said] = {}
    for key, saying in said:
        if key not in found or (saying.reserves and not found[key].reserves):
            found[key] = saying
    return found


def statements(
    protocol: str, letter: Mapping[Use, Said], lenient: Mapping[Use, Said]
) -> tuple[Statement, ...]:
    """Statements with the profiles each reading holds under.

    A reservation by the letter holds everywhere; the lenient reading never lifts one.
    """
    made: list[Statement] = []
    for use in Use:
        exact, meant = letter.get(use), lenient.get(use)
        if exact is not None:
            overruled = meant is not None and meant.reserves and not exact.reserves
            made.append(statement(protocol, use, exact, LETTER_ONLY if overruled else ALWAYS))
        if meant is not None and (exact is None or (meant.reserves and not exact.reserves)):
            made.append(statement(protocol, use, meant, FAIL_CLOSED))
    return tuple(made)


def statement(
    protocol: str, use: Use, said: Said, under: frozenset[Profile], bot: OtherBot | None = None
) -> Statement:
    """One statement; what another bot is told has a reason code of its own."""
    return Statement(
        protocol=protocol,
        code="robots.other_ai_bots" if bot else said.code,
        use=use,
        preference=said.preference,
        locator=said.locator,
        under=under,
        decided_by=said.carrier,
        inferred_from=bot,
        scope=said.scope,
    )


def settled(made: Iterable[Statement]) -> tuple[Statement, ...]:
    """Drop permissions that a reservation of the same use overrules under the same profiles."""
    every = tuple(made)
    reserved: dict[Use | None, frozenset[Profile]] = {}
    for s in every:
        if s.preference is Preference.RESERVED and s.inferred_from is None:
            reserved[s.use] = reserved.get(s.use, frozenset()) | s.under
    if not reserved:
        return every
    kept = (
        s
        if s.preference is Preference.RESERVED
        else replace(s, under=s.under - reserved.get(s.use, frozenset()))
        for s in every
    )
    return tuple(s for s in kept if s.under)


@lru_cache(maxsize=16)
def _negative(labels: tuple[str, ...]) -> re.Pattern[str]:
    names = "|".join(map(re.escape, labels))
    gap = rf"[ \t{BLANKS}]*+"
    return re.compile(
        rf"(?<![\w-])({names})[\"']?(?:{gap}[=:]{gap}|[ \t]++)[\"'?(]{{0,2}}(?:{'|'.join(NEGATIVE_WORDS)})"
        rf"(?=[\s{BLANKS},;)\"'}}]|$)",
        re.IGNORECASE,
    )


def negatives(text: str, labels: tuple[str, ...]) -> tuple[str, ...]:
    """Labels that a text gives a negative word, however badly it is written; never a positive one.

    `train-ai = "no"` and `Train-AI=?0` are plain reservations though no parser takes them; `né` is
    no `n`, so the word must end there.
    """
    return tuple(dict.fromkeys(match[1].lower() for match in _negative(labels).finditer(text)))

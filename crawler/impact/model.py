"""What becomes of a URL under other terms. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never


class Change(StrEnum):
    """What other terms make of a URL."""

    LOST = "lost"
    """Kept then, left out under the other terms."""
    LOST_UNKNOWN = "lost_unknown"
    """Kept then; under the other terms evidence would be missing or unknown, so that it would not be."""
    WON = "won"
    """Not kept then; everything was read, and nothing would withhold it."""
    UNKNOWN = "unknown"
    """Left out then for what would no longer count; what else there is to know was never fetched."""
    CLOSED = "closed"
    """Unknown then, left out under the other terms."""
    SAME = "same"
    """The same verdict."""
    READERS = "readers"
    """Comes out differently under the terms of its day too: the readers changed, not the terms."""
    NOT_JUDGED = "not_judged"
    """Cannot be decided again: rows unreadable, bytes altered or removed."""


def meaning(change: Change) -> str:
    """A change in words, for tables."""
    match change:
        case Change.LOST:
            return "kept then, left out under the other terms"
        case Change.LOST_UNKNOWN:
            return "kept then, unknown under the other terms, so not kept"
        case Change.WON:
            return "not kept then, nothing would withhold them"
        case Change.UNKNOWN:
            return "left out then, unknown now: what else to ask was never fetched"
        case Change.CLOSED:
            return "unknown then, left out under the other terms"
        case Change.SAME:
            return "the same verdict"
        case Change.READERS:
            return "differ under the terms of their day too: the readers changed"
        case Change.NOT_JUDGED:
            return "cannot be decided again"
        case _:
            assert_never(change)


@dataclass(frozen=True, slots=True, kw_only=True)
class Redecided:
    """One URL under other terms."""

    number: int
    """Of the decision."""
    url: str
    domain: str
    bytes: int | None
    """Length of the body; None where none was read."""
    change: Change
    before: tuple[str, str]
    """Verdict and reason that were recorded."""
    after: tuple[str, str] | None
    """Verdict and reason under the other terms; None where it could not be decided."""
    cause: str
    """The reason code that makes the difference; of a case that cannot be decided, why."""
    missing: tuple[str, ...] = ()
    """What was never fetched: kinds of evidence, `page`, `body`, `lists`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImpactRow:
    """URLs and bytes, of one change and by one thing."""

    by: str
    """`total`, `reason`, `missing`, or `domain`."""
    change: Change
    key: str
    """The reason code, what is missing, or the domain; empty for a total."""
    urls: int
    bytes: int
    unmeasured: int
    """URLs of which no body was read, so that their bytes are not known."""
    example: str

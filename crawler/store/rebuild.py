"""Stored cases judged once more, and compared with what was decided."""

from __future__ import annotations

from dataclasses import dataclass

from crawler.gate import Case, Decision, Terms, judge
from crawler.retention.model import Redaction
from crawler.store.codec import reasons_to_json
from crawler.store.database import Connection
from crawler.store.queries.cases import StoredCase, case_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejudged:
    """A stored decision beside what the same case gives today."""

    stored: Decision
    again: Decision
    software: str
    """What read and decided then."""
    damaged: tuple[str, ...] = ()
    """Digests under which other bytes are stored now."""
    removed: Redaction | None = None
    """Set where something that was read has been removed since: then nothing was judged again."""

    @property
    def same(self) -> bool:
        """Whether the bytes are those that were read, and verdict and reasons came out alike."""
        return not self.damaged and is_alike(self.stored, self.again)


class NoSuchDecisionError(LookupError):
    """The record has no decision of that number."""


def is_alike(one: Decision, other: Decision) -> bool:
    """Whether verdict and reasons, as far as they are kept, are the same."""
    return (one.verdict, reasons_to_json(one.reasons)) == (other.verdict, reasons_to_json(other.reasons))


def stored_case(connection: Connection, decision_id: int) -> tuple[Case, Terms, Decision]:
    """What was judged, under which terms, and what was decided. Raises NoSuchDecisionError.

    `judge(case, terms)` gives the decision again where this release reads the evidence as that one
    did.
    """
    found = _found(connection, decision_id)
    return found.case, found.terms, found.stored


def rejudge(connection: Connection, decision_id: int) -> Rejudged:
    """Judge a stored case once more. Raises NoSuchDecisionError."""
    return rejudged(_found(connection, decision_id))


def rejudged(found: StoredCase) -> Rejudged:
    """A stored case judged once more, under the terms of its day."""
    return Rejudged(
        stored=found.stored,
        again=found.stored if found.removed else judge(found.case, found.terms),
        software=found.software,
        damaged=found.damaged,
        removed=found.removed,
    )


def _found(connection: Connection, decision_id: int) -> StoredCase:
    found = case_of(connection, decision_id)
    if found is None:
        raise NoSuchDecisionError(f"no decision {decision_id} in this record")
    return found

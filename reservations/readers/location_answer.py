"""What an answer for a text file at a fixed address comes to before a line of it is read.

For ai.txt and trust.txt, which no RFC governs: silence and server errors leave it unknown, as
RFC 9309 section 2.3.1.4 has it for robots.txt; every client error, and a page in its place, says
nothing. A login or a challenge in its place is no answer.
"""

from __future__ import annotations

from enum import StrEnum

from reservations.model import Evidence, Outcome
from reservations.readers.robots_page import is_page, is_shut_door, says_challenge

PARTIAL = 206
_PROXY = 407
"""A proxy's refusal is ours to mend and says nothing about the site."""


class Answer(StrEnum):
    """How asking ended."""

    FILE = "file"
    NOTHING = "nothing"
    PAGE = "page"
    REFUSED = "refused"
    UNKNOWN = "unknown"


def answer_of(evidence: Evidence) -> Answer:
    """How asking for one file ended."""
    if evidence.outcome is Outcome.ABSENT:
        return Answer.NOTHING
    if says_challenge(evidence) or evidence.status in (PARTIAL, _PROXY):
        return Answer.UNKNOWN
    if evidence.outcome is Outcome.FOUND:
        if not is_page(evidence):
            return Answer.FILE if evidence.body.strip() else Answer.NOTHING
        return Answer.UNKNOWN if is_shut_door(evidence) else Answer.PAGE
    # refused without a status: we did not go where a redirect led; malformed: it led nowhere
    answered = evidence.outcome is Outcome.REFUSED and evidence.status is not None
    return Answer.REFUSED if answered else Answer.UNKNOWN


def why_unknown(evidence: Evidence) -> str:
    """In a few words, why the file is not known."""
    if says_challenge(evidence) or (evidence.outcome is Outcome.FOUND and evidence.status != PARTIAL):
        return "a login or challenge page, or more than we read, came in its place"
    return evidence.why or (f"status {evidence.status}" if evidence.status else "no answer")

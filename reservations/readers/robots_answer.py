"""What an answer for robots.txt comes to before a line of it is read.

Spec: RFC 9309 section 2.3.1, https://www.rfc-editor.org/rfc/rfc9309#section-2.3.1. It lets a crawler
take every client error, and a redirect that leads nowhere, for no rules; the fail-closed profiles
take a refusal for a refusal. A server error or silence is a complete disallow by the letter too.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from reservations.model import ALWAYS, FAIL_CLOSED, Evidence, Hop, Outcome, Profile
from reservations.readers.robots_page import is_page, is_shut_door, says_challenge
from reservations.readers.robots_txt import RobotsFile

MAX_REDIRECTS = 10
"""RFC 9309 section 2.3.1.2 asks for five at least and lets a crawler give up beyond."""

REFUSALS = {401: "robots.unauthorized_401", 402: "access.402", 403: "robots.forbidden_403", 451: "access.451"}
_NOT_NOW = frozenset({408, 421, 425, 429})
_PROXY = 407
"""A proxy's refusal is ours to mend and says nothing about the site."""


class Ending(StrEnum):
    """How asking ended."""

    RULES = "rules"
    NOTHING = "nothing"
    DENIED = "denied"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An ending, with the reason code of a denial and the profiles it holds under."""

    ending: Ending
    code: str = ""
    under: frozenset[Profile] = ALWAYS


RULES = Answer(ending=Ending.RULES)
NOTHING = Answer(ending=Ending.NOTHING)
ODD_STATUS = Answer(ending=Ending.NOTHING, code="status")
SOFT_404 = Answer(ending=Ending.NOTHING, code="soft_404")


def answer_of(evidence: Evidence, file: RobotsFile | None) -> Answer:
    """What an answer comes to; `file` is its body read, where there was one."""
    if evidence.outcome is Outcome.TOO_LARGE:
        return _denied("robots.too_large", ALWAYS)
    if _went_astray(evidence):
        return _denied("robots.redirect_loop")
    answer = _unanswered(evidence) if evidence.status is None else _by_status(evidence, evidence.status)
    if answer is not RULES:
        return answer
    if says_challenge(evidence):
        return _denied("robots.unparsable")
    if file is not None and not file.recognised and is_page(evidence):
        return _denied("robots.unparsable") if is_shut_door(evidence) else SOFT_404
    return RULES if file is not None else _unknown(ALWAYS)


def _went_astray(evidence: Evidence) -> bool:
    hops = evidence.redirects
    return (
        len(hops) > MAX_REDIRECTS
        or 300 <= (evidence.status or 0) < 400
        or (evidence.outcome is not Outcome.FOUND and _loops(evidence.url, hops))
    )


def _loops(url: str, hops: tuple[Hop, ...]) -> bool:
    seen = (url, *(hop.location for hop in hops))
    return len(set(seen)) < len(seen)


def _unanswered(evidence: Evidence) -> Answer:
    if evidence.outcome is Outcome.FOUND:
        return RULES
    if evidence.outcome is Outcome.ABSENT:
        return NOTHING
    # refused without a status: we did not go where a redirect led (a listed host, a private address)
    return _unknown(ALWAYS)


def _by_status(evidence: Evidence, status: int) -> Answer:
    if 200 <= status < 300 and status != 206:  # part of a file is none
        return RULES if evidence.outcome is Outcome.FOUND else _unknown(ALWAYS)
    if status in REFUSALS:
        return _denied(REFUSALS[status])
    if status in _NOT_NOW:
        return _unknown(FAIL_CLOSED)
    if 400 <= status < 500 and status != _PROXY:
        return NOTHING if status in (404, 410) else ODD_STATUS
    return _unknown(ALWAYS)


def _denied(code: str, under: frozenset[Profile] = FAIL_CLOSED) -> Answer:
    return Answer(ending=Ending.DENIED, code=code, under=under)


def _unknown(under: frozenset[Profile]) -> Answer:
    return Answer(ending=Ending.UNKNOWN, code="robots.unreachable", under=under)

"""What an HTTP status says about a location file. Pure; the conformance runner uses it too."""

from __future__ import annotations

from reservations.model import Outcome

_REFUSALS = frozenset({401, 402, 403, 407, 451})
"""Access is refused: lawful access is missing, which RFC 9309 section 2.3.1.3 does not look at."""

_TRY_LATER = 429
"""Treated like a server error (https://developers.google.com/crawling/docs/robots-txt)."""


def outcome_of(status: int | None) -> Outcome:
    """How asking for a location file ended, by the status of the last answer.

    None is no answer at all. A redirect that was not followed to an answer is MALFORMED; following
    it is up to whoever fetches (RFC 9309 section 2.3.1.2).
    """
    if status is None or status == _TRY_LATER:
        return Outcome.UNREACHABLE
    if status in _REFUSALS:
        return Outcome.REFUSED
    return _BY_CLASS.get(status // 100, Outcome.UNREACHABLE)


_BY_CLASS = {
    2: Outcome.FOUND,
    3: Outcome.MALFORMED,
    4: Outcome.ABSENT,
    5: Outcome.UNREACHABLE,
}
"""RFC 9309 section 2.3.1; anything that is no final status at all is no answer either."""

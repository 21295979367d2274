"""What we say about a listed site: who named it where, and what is recorded. Never what it is.

A block is an order against providers; whether the site infringes is for the body to say, and we only
repeat that it decided (Regulation (EU) 2016/679 recital 75 names reputation among what data can harm).
"""

from __future__ import annotations

from datetime import date, datetime
from typing import assert_never

from blocklists.model import BodyKind, Confidence, Entry, Hit, Status


def named_in(entry: Entry) -> str:
    """`named in <decision>, <body>, <date>; recorded status ...`."""
    decided = str(entry.decided_on) if entry.decided_on else "date not recorded"
    return (
        f"named in {entry.decision_ref or 'an order without a published reference'}, {entry.body}, "
        f"{decided}; recorded status {status_words(entry.status)}"
    )


def may_be_shown(entry: Entry) -> bool:
    """Whether the public may be shown this entry. What we are less sure of stays with the operator."""
    return entry.confidence is Confidence.HIGH and bool(entry.decision_ref)


def public_sentence(hit: Hit) -> str:
    """What the public is told about a URL that was not visited."""
    if may_be_shown(hit.entry):
        return f"not visited: {named_in(hit.entry)}"
    return "not visited: named on a list of a court or authority; ask the operator for the entry"


def status_words(status: Status) -> str:
    """A status in plain words."""
    match status:
        case Status.ACTIVE:
            return "in force"
        case Status.TERM_UNKNOWN:
            return "in force, term unknown"
        case Status.UNVERIFIED:
            return "reported, not verified"
        case Status.EXCEPTED:
            return "exempted"
        case (
            Status.LIFTED
            | Status.REVERSED
            | Status.ANNULLED
            | Status.REJECTED
            | Status.EXPIRED
            | Status.PAUSED
            | Status.DELISTED
        ):
            return status.value
        case _:
            assert_never(status)


def ways_off(entry: Entry, publisher: str = "", contact: str = "") -> tuple[str, ...]:
    """How a site owner gets an entry to stop counting, the surest way first."""
    ask = contact or "the operator of this crawler"
    ways = [_ask_the_body(entry)]
    if publisher:
        ways.append(f"Ask {publisher} to take the name off its list; it stops counting with the next update.")
    if entry.status is Status.TERM_UNKNOWN:
        ways.append(f"If the order has ended, send {ask} the decision or date that ended it.")
    ways.append(
        f"If the entry does not mean your site, or it has changed hands, write to {ask}: a person can "
        "override it, with a reason that is recorded."
    )
    return tuple(ways)


def age_in_days(since: datetime | None, now: datetime) -> int | None:
    """Whole days since a list was last confirmed; None where nobody recorded that."""
    return None if since is None else max(0, (now - since).days)


def in_force_words(entry: Entry, day: date) -> str:
    """From when until when the entry is recorded to hold, in words."""
    start = entry.valid_from or entry.decided_on
    begin = f"from {start}" if start else "from a day nobody recorded"
    end = f"until {entry.valid_to}" if entry.valid_to else "until a day nobody recorded"
    return f"{begin}, {end}; on {day}: {status_words(entry.status_on(day))}"


def _ask_the_body(entry: Entry) -> str:
    match entry.body_kind:
        case BodyKind.COURT:
            return f"Ask {entry.body} to lift or vary the order, or to say that it has ended."
        case BodyKind.AUTHORITY:
            return f"Ask {entry.body} to withdraw the measure, or to say that it has ended."
        case BodyKind.SELF_REGULATORY:
            return f"Ask {entry.body} to withdraw its recommendation."
        case BodyKind.OPERATOR:
            return "This entry is an exemption of the operator's own; it keeps nothing from being visited."
        case _:
            assert_never(entry.body_kind)

"""TDM policies that the operator accepted: the one thing that lifts a reservation, and only its own.

TDMRep final report of 10 May 2024, section "Expressing a TDM Policy"
(https://www.w3.org/community/reports/tdmrep/CG-FINAL-tdmrep-20240510/#sec-policy). A reservation is lifted
where the policy that it names was read, offers mining of the URL, and has a `uid` on the operator's list;
whatever another protocol reserves stands.
"""

from __future__ import annotations

from reservations.model import Note, Preference, Reading, Statement
from reservations.policy import Policy
from reservations.readers.tdm_policy import ACCEPTED, OFFER


def accepted_offers(reading: Reading, policy: Policy) -> tuple[Statement, ...]:
    """Offers whose policy the operator accepted."""
    if not policy.accepted_policies:
        return ()
    return tuple(s for s in reading.statements if s.code == OFFER and s.scope in policy.accepted_policies)


def lifted(reading: Reading, policy: Policy) -> frozenset[Statement]:
    """Reservations that do not bind, because the policy they name is accepted."""
    offers = {(s.protocol, s.policy_url) for s in accepted_offers(reading, policy)}
    if not offers:
        return frozenset()
    return frozenset(
        s
        for s in reading.statements
        if s.preference is Preference.RESERVED and (s.protocol, s.policy_url) in offers
    )


def notes_on_lifted(reading: Reading, policy: Policy) -> tuple[Note, ...]:
    """Says which accepted policy lifted a reservation."""
    urls = {s.policy_url for s in lifted(reading, policy)}
    return tuple(
        Note(kind=ACCEPTED, locator=s.locator)
        for s in accepted_offers(reading, policy)
        if s.policy_url in urls
    )

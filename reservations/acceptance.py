"""TDM policies that the operator accepted: the one thing that lifts a reservation, and only its own.

TDMRep final report of 10 May 2024, section "Expressing a TDM Policy"
(https://www.w3.org/community/reports/tdmrep/CG-FINAL-tdmrep-20240510/#sec-policy). A reservation is lifted
where the policy that it names was read, offers mining of the URL, and has a `uid` on the operator's list;
whatever another protocol reserves stands. An entry of the list is a `uid`, or a `uid` and the SHA-256 of the
document that was accepted: a publisher who changes its terms gets them back, until a person looks again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from reservations.model import Evidence, Note, Preference, Reading, Statement
from reservations.policy import Policy
from reservations.readers.tdm_policy import ACCEPTED, CHANGED, KIND, OFFER

_ENTRY = re.compile(r"(\S{1,2000})(?:\s+sha256:([0-9a-f]{64}))?")


def read_entry(text: str) -> tuple[str, str]:
    """The `uid` of an entry and the digest it is pinned to, empty for none.

    Raises ValueError, which says how to write it.
    """
    match = _ENTRY.fullmatch(text.strip())
    if match is None:
        raise ValueError(
            f"{text[:200]!r} is no accepted policy: write the policy's uid, or the uid, a space and sha256: "
            "with the 64 digits that `forbear check URL --explain` shows for the policy"
        )
    return match[1], match[2] or ""


def accepted_offers(reading: Reading, policy: Policy) -> tuple[Statement, ...]:
    """Offers whose policy the operator accepted, as it now stands."""
    return tuple(s for s, current in _known_offers(reading, policy) if current)


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


def awaiting(reading: Reading, policy: Policy, evidence: Iterable[Evidence]) -> frozenset[Statement]:
    """Reservations whose policy has not been asked for yet, while the operator accepts some.

    Header lines may be the first to name one: until it is read, the answer is not turned away for it.
    """
    if not policy.accepted_policies:
        return frozenset()
    asked = {e.url for e in evidence if e.kind == KIND}
    return frozenset(
        s
        for s in reading.statements
        if s.preference is Preference.RESERVED and s.policy_url and s.policy_url not in asked
    )


def notes_on_acceptance(reading: Reading, policy: Policy) -> tuple[Note, ...]:
    """Says which accepted policy lifted a reservation, and which one no longer does because it changed."""
    named = {s.policy_url for s in reading.statements if s.preference is Preference.RESERVED}
    return tuple(
        Note(kind=ACCEPTED if current else CHANGED, locator=s.locator)
        for s, current in _known_offers(reading, policy)
        if s.policy_url in named
    )


def _known_offers(reading: Reading, policy: Policy) -> list[tuple[Statement, bool]]:
    """Offers whose `uid` is on the list, and whether the document is one that was accepted."""
    if not policy.accepted_policies:
        return []
    accepted = _by_uid(policy.accepted_policies)
    return [
        (s, not accepted[s.scope].isdisjoint(("", s.locator.evidence)))
        for s in reading.statements
        if s.code == OFFER and s.scope in accepted
    ]


@lru_cache(maxsize=64)
def _by_uid(entries: frozenset[str]) -> dict[str, set[str]]:
    digests: dict[str, set[str]] = {}
    for entry in entries:
        try:
            uid, digest = read_entry(entry)
        except ValueError:  # recorded before entries had a form
            uid, digest = entry, ""
        digests.setdefault(uid, set()).add(digest)
    return digests

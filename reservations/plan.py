"""Which evidence to ask for before a URL may be requested."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

from reservations.facts import Facts
from reservations.model import (
    ROBOTS_TXT,
    Agent,
    Evidence,
    EvidenceRequest,
    Outcome,
    Preference,
    Profile,
)
from reservations.origins import origin_of
from reservations.protocols import discover
from reservations.read import Reader

MAX_POINTED_TO = 8
"""Documents of one protocol that one URL's evidence may make us ask for."""


def plan(
    url: str, evidence: Sequence[Evidence], agent: Agent, profile: Profile = Profile.STANDARD
) -> tuple[EvidenceRequest, ...]:
    """What to fetch next; called again with what came back, until it wants nothing.

    robots.txt comes first and alone: where it denies the URL, or could not be had, nothing else is
    asked of the origin for this URL. Raises ValueError for a URL without a host.
    """
    return plan_for(Reader(url, agent), evidence, profile)


def plan_for(
    reader: Reader, evidence: Sequence[Evidence], profile: Profile = Profile.STANDARD
) -> tuple[EvidenceRequest, ...]:
    """As `plan`, with a reader that knows the URL's evidence already."""
    origin = origin_of(reader.url)
    asked = {e.kind for e in evidence if origin_of(e.url) == origin}
    if ROBOTS_TXT not in asked:
        return (EvidenceRequest(kind=ROBOTS_TXT, url=origin + "/robots.txt"),)
    wanted = (*_locations(origin, asked), *reader.facts(evidence).once(_pointed_to))
    if wanted and is_closed(reader, evidence, profile):
        return ()
    return wanted


@lru_cache(maxsize=4096)
def _all_locations(origin: str) -> tuple[EvidenceRequest, ...]:
    return tuple(
        EvidenceRequest(kind=location.kind, url=origin + location.path)
        for protocol in discover()
        for location in protocol.locations
    )


def _locations(origin: str, asked: set[str]) -> Iterator[EvidenceRequest]:
    return (request for request in _all_locations(origin) if request.kind not in asked)


def _pointed_to(facts: Facts) -> tuple[EvidenceRequest, ...]:
    asked = {(e.kind, e.url) for e in facts.evidence}
    return tuple(
        request
        for protocol in discover()
        if protocol.wants is not None
        for request in protocol.wants(facts)[:MAX_POINTED_TO]
        if (request.kind, request.url) not in asked
    )


def is_closed(reader: Reader, evidence: Sequence[Evidence], profile: Profile) -> bool:
    """Whether robots.txt denies the URL or could not be had, so that nothing else is asked for it."""
    if any(e.kind == ROBOTS_TXT and e.outcome is Outcome.UNREACHABLE for e in evidence):
        return True
    return any(
        # a statement about the request itself, which nothing but robots.txt makes
        s.use is None and s.preference is Preference.RESERVED and profile in s.under
        for s in reader.read(evidence).statements
    )

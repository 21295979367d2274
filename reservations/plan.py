"""Which evidence to ask for before a URL may be requested."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

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
from reservations.read import read

MAX_POINTED_TO = 8
"""Documents of one protocol that one URL's evidence may make us ask for."""


def plan(
    url: str, evidence: Sequence[Evidence], agent: Agent, profile: Profile = Profile.STANDARD
) -> tuple[EvidenceRequest, ...]:
    """What to fetch next; called again with what came back, until it wants nothing.

    robots.txt comes first and alone: where it denies the URL, or could not be had, nothing else is
    asked of the origin for this URL. Raises ValueError for a URL without a host.
    """
    origin = origin_of(url)
    asked = {e.kind for e in evidence if origin_of(e.url) == origin}
    if ROBOTS_TXT not in asked:
        return (EvidenceRequest(kind=ROBOTS_TXT, url=origin + "/robots.txt"),)
    wanted = (*_locations(origin, asked), *_pointed_to(url, evidence, agent))
    if wanted and _closed(url, evidence, agent, profile):
        return ()
    return wanted


def _locations(origin: str, asked: set[str]) -> Iterator[EvidenceRequest]:
    for protocol in discover():
        for location in protocol.locations:
            if location.kind not in asked:
                yield EvidenceRequest(kind=location.kind, url=origin + location.path)


def _pointed_to(url: str, evidence: Sequence[Evidence], agent: Agent) -> Iterator[EvidenceRequest]:
    facts: Facts | None = None
    asked = {(e.kind, e.url) for e in evidence}
    for protocol in discover():
        if protocol.wants is None:
            continue
        facts = facts or Facts(url=url, evidence=evidence, agent=agent)
        for request in protocol.wants(facts)[:MAX_POINTED_TO]:
            if (request.kind, request.url) not in asked:
                yield request


def _closed(url: str, evidence: Sequence[Evidence], agent: Agent, profile: Profile) -> bool:
    robots = [e for e in evidence if e.kind == ROBOTS_TXT]
    if any(e.outcome is Outcome.UNREACHABLE for e in robots):
        return True
    reading = read(url, robots, agent)
    return any(
        s.use is None and s.preference is Preference.RESERVED and profile in s.under
        for s in reading.statements
    )

"""Pages that are asked for because of what they say about others: terms of a site, feeds with licences.

Such a page is asked for as any page is: only where lists, robots.txt and every other file-level
reservation leave it open.
"""

from __future__ import annotations

from collections.abc import Callable

from blocklists.hostnames import canonical_host, registrable_domain
from blocklists.model import Hit
from crawler.evidence import EvidenceStore
from crawler.gate import Case, Terms, judge
from reservations.model import Evidence, EvidenceRequest, Outcome, Stage, Verdict


class LinkedPages:
    """Asks for linked pages through `store`, once while they are fresh."""

    def __init__(self, terms: Terms, store: EvidenceStore, hits: Callable[[str], tuple[Hit, ...]]) -> None:
        self.terms = terms
        self._store = store
        self._hits = hits

    def at_hand(self, request: EvidenceRequest) -> Evidence | None:
        """What was read already and is fresh."""
        return self._store.at_hand(request)

    def recall(self, evidence: Evidence) -> None:
        """Hold what an earlier run read, to be revalidated."""
        self._store.recall(evidence)

    def keeps(self, case: Case) -> bool:
        """Whether a page is kept so far: one that is left out anyway is no reason to ask for another."""
        return judge(case, self.terms).verdict is Verdict.KEEP

    async def read(self, request: EvidenceRequest, case: Case) -> Evidence:
        """What a linked page says; `case` is about the page that links it."""
        if (evidence := self._store.at_hand(request)) is not None:
            return evidence
        url = request.url
        hits = self._hits(url)
        location = () if hits else await self._store.gather(url)
        admission = judge(
            Case(url=url, stage=Stage.BEFORE_FETCH, decided_at=case.decided_at, evidence=location, hits=hits),
            self.terms,
        )
        match admission.verdict:
            case Verdict.KEEP:
                return await self._store.get(request)
            case Verdict.EXCLUDE:
                return _not_asked(request, case, Outcome.REFUSED, f"not asked for: {admission.reason}")
            case Verdict.DEFER:
                return _not_asked(request, case, Outcome.UNREACHABLE, f"not asked for: {admission.reason}")


def domain_of(url: str) -> str:
    """The registrable domain of a URL's host; the host itself where there is none, empty without a host."""
    host = canonical_host(url) or ""
    return registrable_domain(host) or host


def _not_asked(request: EvidenceRequest, case: Case, outcome: Outcome, why: str) -> Evidence:
    return Evidence(
        kind=request.kind,
        url=request.url,
        outcome=outcome,
        fetched_at=case.decided_at,
        details=request.details,
        why=why,
    )

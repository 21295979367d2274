"""The terms that a site links: found on its first pages, read once a day, known to all its later pages.

A page of terms is asked for as any page is: only where lists, robots.txt and every other file-level
reservation leave it open. The `letter` profile, which knows no plain language, asks for none.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from crawler.gate import Case
from crawler.linked_pages import LinkedPages, domain_of
from reservations.model import RESPONSE, Evidence, EvidenceRequest, Profile
from reservations.origins import origin_of
from reservations.readers.terms_links import TermsLink, terms_links
from reservations.readers.terms_page import KIND

MAX_TERMS = 3
"""Pages of terms that are read of one site."""
MAX_LOOKS = 20
"""Pages of a site that are searched for a link to its terms."""
MAX_ORIGINS = 20_000


@dataclass(slots=True)
class _Site:
    looks: int = 0
    requests: tuple[EvidenceRequest, ...] = ()


class TermsPages:
    """What is known of the terms of every site of a running crawl; asks through `linked`."""

    def __init__(self, linked: LinkedPages) -> None:
        self._linked = linked
        self._reads = linked.terms.policy.profile is not Profile.LETTER
        self._sites: OrderedDict[str, _Site] = OrderedDict()

    def known(self, url: str) -> tuple[Evidence, ...]:
        """Terms of a URL's site that were read already and are fresh."""
        site = self._sites.get(origin_of(url))
        if site is None or not site.requests:
            return ()
        found = map(self._linked.at_hand, site.requests)
        return tuple(evidence for evidence in found if evidence is not None)

    async def complete(self, case: Case, body: bytes) -> tuple[Evidence, ...]:
        """The evidence of a case whose body is there, with the terms that its site links."""
        if not self._reads:
            return case.evidence
        return await self.with_terms(case, self._requests(case, body))

    async def with_terms(self, case: Case, requests: Sequence[EvidenceRequest]) -> tuple[Evidence, ...]:
        """The evidence of a case with these terms, as they are now; for a page that is not sent again."""
        if not self._reads:
            return case.evidence
        asked = {(e.kind, e.url) for e in case.evidence}
        missing = [r for r in requests if (r.kind, r.url) not in asked]
        if not missing or not self._linked.keeps(case):
            return case.evidence
        return (*case.evidence, *await asyncio.gather(*(self._linked.read(r, case) for r in missing)))

    def _requests(self, case: Case, body: bytes) -> tuple[EvidenceRequest, ...]:
        origin = origin_of(case.url)
        site = self._sites.setdefault(origin, _Site())
        self._sites.move_to_end(origin)
        if len(self._sites) > MAX_ORIGINS:
            self._sites.popitem(last=False)
        if not site.requests and site.looks < MAX_LOOKS:
            site.looks += 1
            head = next((e for e in case.evidence if e.kind == RESPONSE and e.url == case.url), None)
            links = terms_links(body, head.fields if head else (), case.url)
            site.requests = _of_the_same_site(links, case.url)[:MAX_TERMS]
        return site.requests


def _of_the_same_site(links: Sequence[TermsLink], url: str) -> tuple[EvidenceRequest, ...]:
    """Links that stay within the registrable domain: others speak for somebody else."""
    own = domain_of(url)
    return tuple(
        EvidenceRequest(kind=KIND, url=link.url, details=(("linked_from", url[:2000]), ("link", link.says)))
        for link in links
        if own and domain_of(link.url) == own
    )

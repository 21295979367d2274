"""What other pages of a site say about a page: the terms that it links, the licences in its feeds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from blocklists.model import Hit
from crawler.evidence import EvidenceStore
from crawler.feeds import Feeds, Recorded
from crawler.gate import Case, Decision, Terms
from crawler.linked_pages import LinkedPages
from crawler.terms_pages import TermsPages
from reservations.model import Evidence, EvidenceRequest


class OtherPages:
    """Terms and feeds of the sites of a running crawl; asks for them through `store`."""

    def __init__(
        self,
        terms: Terms,
        store: EvidenceStore,
        hits: Callable[[str], tuple[Hit, ...]],
        recorded: Recorded | None = None,
    ) -> None:
        linked = LinkedPages(terms, store, hits)
        self._terms_pages = TermsPages(linked)
        self._feeds = Feeds(linked, recorded)

    async def known(self, url: str) -> tuple[Evidence, ...]:
        """What was read already and is about a URL."""
        return (*self._terms_pages.known(url), *await self._feeds.known(url))

    async def complete(self, case: Case, body: bytes) -> tuple[Evidence, ...]:
        """The evidence of a case whose body is there, with what the page links."""
        with_terms = await self._terms_pages.complete(case, body)
        return await self._feeds.complete(replace(case, evidence=with_terms), body)

    async def again(self, case: Case, terms: Sequence[EvidenceRequest]) -> tuple[Evidence, ...]:
        """As `complete`, for a page that is not sent again; `terms` are those that it linked."""
        with_terms = await self._terms_pages.with_terms(case, terms)
        return await self._feeds.again(replace(case, evidence=with_terms))

    def met(self, decision: Decision) -> None:
        """Take note of a page that was read, which may be a feed."""
        self._feeds.met(decision)

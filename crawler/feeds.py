"""Feeds that a crawl has met, and what their licences say about pages of the same origin.

RSL-SPEC-1.0 section 4.7 (https://rslstandard.org/rsl): a feed licenses works of its own origin, never
those of another. A feed is met as a page, or because a page of its origin links it; what it says holds for
MAX_AGE, which is the section 3.2 default, unless the feed was read again since. Only its extract is kept.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta

from crawler.gate import Case, Decision
from crawler.linked_pages import LinkedPages
from reservations.model import RESPONSE, Evidence, EvidenceRequest, Outcome
from reservations.origins import origin_of
from reservations.read import read
from reservations.readers.feed_links import feed_links
from reservations.readers.rsl_document import DEFAULT_MAX_AGE
from reservations.readers.rsl_embedded import KIND, is_of_a_feed

MAX_AGE = timedelta(days=DEFAULT_MAX_AGE)
MAX_FEEDS = 8
"""Feeds of one origin that are remembered."""
MAX_ASKED = 3
"""Feeds of one origin that are asked for because its pages link them, one for each page."""
MAX_LOOKS = 20
"""Pages of an origin that are searched for links to feeds."""
MAX_ORIGINS = 20_000
MAX_SIZE = 64 * 2**20
"""Bytes of all extracts in memory; beyond, origins are forgotten, least recently used first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What an earlier crawl read of a feed."""

    feed: Evidence
    in_force: bool
    """Whether it is young enough to count without being read again."""


Recorded = Callable[[str], Awaitable[tuple[Reading, ...]]]
"""The newest reading of each feed of an origin that earlier crawls met, the oldest first."""


@dataclass(slots=True)
class _Site:
    feeds: dict[str, Evidence] = field(default_factory=dict)
    linked: dict[str, EvidenceRequest] = field(default_factory=dict)
    looks: int = 0


class Feeds:
    """What is known of the feeds of every origin of a running crawl."""

    def __init__(self, linked: LinkedPages, recorded: Recorded | None = None) -> None:
        self._linked = linked
        self._recorded = recorded
        self._sites: OrderedDict[str, _Site] = OrderedDict()
        self._size = 0

    async def known(self, url: str) -> tuple[Evidence, ...]:
        """Feeds that were met, and whose licences say something about a URL."""
        return self._about(url, (await self._site(origin_of(url))).feeds.values())

    async def complete(self, case: Case, body: bytes) -> tuple[Evidence, ...]:
        """The evidence of a case whose body is there, with the feeds that its origin links."""
        site = await self._site(origin_of(case.url))
        if len(site.linked) < MAX_ASKED and site.looks < MAX_LOOKS:
            site.looks += 1
            self._search(site, case, body)
        return await self.again(case)

    async def again(self, case: Case) -> tuple[Evidence, ...]:
        """The evidence of a case with the feeds that its origin links, as they are now."""
        origin, page = origin_of(case.url), _page(case.url)
        asked = {e.url for e in case.evidence if e.kind == KIND}
        linked = (await self._site(origin)).linked
        missing = [request for url, request in linked.items() if url not in asked and url != page]
        to_read = [request for request in missing if self._linked.at_hand(request) is None]
        if to_read and self._linked.keeps(case):
            for feed in await asyncio.gather(*(self._linked.read(request, case) for request in to_read)):
                if feed.outcome in (Outcome.FOUND, Outcome.ABSENT):
                    self._note(origin, feed)
        feeds = (await self._site(origin)).feeds
        found = [feeds[request.url] for request in missing if request.url in feeds]
        return (*case.evidence, *self._about(case.url, found)) if found else case.evidence

    def met(self, decision: Decision) -> None:
        """Take note of a page that was read: where it is a feed with licences, they hold from now on."""
        page, origin = _page(decision.url), origin_of(decision.url)
        extract = next((e for e in decision.evidence if e.kind == KIND and _page(e.url) == page), None)
        if extract is not None:
            self._note(origin, extract)
        else:
            self._forget(origin, page)

    async def _site(self, origin: str) -> _Site:
        site = self._sites.get(origin)
        if site is None:
            recorded = await self._recorded(origin) if self._recorded is not None else ()
            if origin not in self._sites:
                self._take_over(origin, recorded)
            site = self._sites[origin]
        self._sites.move_to_end(origin)
        while len(self._sites) > MAX_ORIGINS or (self._size > MAX_SIZE and len(self._sites) > 1):
            _, oldest = self._sites.popitem(last=False)
            self._size -= sum(len(feed.body) for feed in oldest.feeds.values())
        return site

    def _take_over(self, origin: str, recorded: Iterable[Reading]) -> None:
        site = self._sites[origin] = _Site()
        for reading in recorded:
            feed = reading.feed
            if reading.in_force:
                self._note(origin, feed)
            if feed.status is not None:  # it was asked for because a page links it
                site.linked[feed.url] = EvidenceRequest(kind=KIND, url=feed.url, details=_links_of(feed))
                self._linked.recall(feed)

    def _search(self, site: _Site, case: Case, body: bytes) -> None:
        head = next((e for e in case.evidence if e.kind == RESPONSE and e.url == case.url), None)
        for url in feed_links(body, head.fields if head else (), case.url)[:1]:
            if url not in site.feeds:
                request = EvidenceRequest(kind=KIND, url=url, details=(("linked_from", case.url[:2000]),))
                site.linked.setdefault(url, request)

    def _about(self, url: str, feeds: Iterable[Evidence]) -> tuple[Evidence, ...]:
        page, agent = _page(url), self._linked.terms.agent
        others = (feed for feed in feeds if _page(feed.url) != page)
        return tuple(feed for feed in others if read(url, (feed,), agent).statements)

    def _note(self, origin: str, feed: Evidence) -> None:
        """Hold a reading of a feed instead of an older one; nothing where it has no licences."""
        page, site = _page(feed.url), self._sites.get(origin)
        if site is None or (page in site.feeds and site.feeds[page].fetched_at > feed.fetched_at):
            return
        self._forget(origin, page)
        if is_of_a_feed(feed.body):
            site.feeds[page] = feed
            self._size += len(feed.body)
        if len(site.feeds) > MAX_FEEDS:
            self._forget(origin, next(iter(site.feeds)))

    def _forget(self, origin: str, page: str) -> None:
        site = self._sites.get(origin)
        feed = site.feeds.pop(page, None) if site else None
        self._size -= len(feed.body) if feed else 0


def _page(url: str) -> str:
    return url.partition("#")[0]


def _links_of(feed: Evidence) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in feed.details if name == "linked_from")

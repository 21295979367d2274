"""The broad crawl: follow links within scope, depth and budgets, which the session keeps."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

from scrapy import Request, Spider
from scrapy.http import Response

from spiders.links import page_links
from spiders.seeds import read_seeds

MAX_SEEN = 2_000_000
"""Links remembered in memory; beyond it the frontier alone tells known from new."""


class BroadSpider(Spider):
    """Yields a request for every link that it has not yielded before."""

    name = "broad"

    def __init__(self, *args: Any, seeds: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._seeds = read_seeds(seeds)
        self._seen: set[int] = set()

    async def start(self) -> AsyncIterator[Request]:
        """Seeds, where they were given to the spider rather than put into the frontier."""
        for url in self._seeds:
            yield Request(url, meta={"source": "seed"})

    def parse(self, response: Response, **kwargs: Any) -> Iterator[Request]:
        """Links of a kept page."""
        depth = int(response.meta.get("depth", 0)) + 1
        for link in page_links(response):
            key = hash(link)
            if key in self._seen:  # before Request(): an object per known link is what costs
                continue
            if len(self._seen) < MAX_SEEN:
                self._seen.add(key)
            yield Request(link, meta={"depth": depth})

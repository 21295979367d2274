"""The spider that plain Scrapy and Scrapy with Forbear run alike: every link of every page."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

from scrapy import Request, Spider
from scrapy.http import Response
from scrapy.linkextractors import LinkExtractor


class PlainSpider(Spider):
    """As the tutorial would write it."""

    name = "plain"
    seeds: tuple[str, ...] = ()
    links = LinkExtractor()

    async def start(self) -> AsyncIterator[Request]:
        """The seeds."""
        for url in self.seeds:
            yield Request(url)

    def parse(self, response: Response, **kwargs: Any) -> Iterator[Request]:
        """A request for each link; Scrapy drops those it has seen."""
        for link in self.links.extract_links(response):
            yield Request(link.url)

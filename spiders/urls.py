"""A fixed list of URLs: takes the seeds and follows nothing but redirects."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from scrapy import Request, Spider
from scrapy.http import Response

from spiders.seeds import read_seeds


class UrlsSpider(Spider):
    """Yields its seeds, and nothing of what they hold."""

    name = "urls"

    def __init__(self, *args: Any, seeds: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._seeds = read_seeds(seeds)

    async def start(self) -> AsyncIterator[Request]:
        """Seeds, where they were given to the spider rather than put into the frontier."""
        for url in self._seeds:
            yield Request(url, meta={"source": "seed"})

    def parse(self, response: Response, **kwargs: Any) -> None:
        """A kept page is already recorded; there is nothing to do with it here."""

"""The sitemap crawl: every page that the seeds' sitemaps name, found through robots.txt.

Sitemaps and robots.txt are asked for like pages, under the same gate; they are read and not kept.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import urljoin

from scrapy import Request, Spider
from scrapy.http import Response
from scrapy.utils._compression import _DecompressionMaxSizeExceeded
from scrapy.utils.gz import gunzip, gzip_magic_number
from scrapy.utils.sitemap import Sitemap, sitemap_urls_from_robots

from spiders.seeds import read_seeds

MAX_SITEMAP = 64 * 2**20
"""Bytes of one sitemap after decompression (sitemaps.org allows 50 MB)."""
MAX_URLS = 50_000
"""Entries of one sitemap (sitemaps.org allows 50,000)."""


class SitemapSpider(Spider):
    """Starts at each seed's robots.txt, reads the sitemaps it names, and requests their pages."""

    name = "sitemap"
    robots_of_seeds = True
    """`forbear crawl --spider sitemap` puts each seed's robots.txt into the frontier."""

    def __init__(self, *args: Any, seeds: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._seeds = read_seeds(seeds)

    async def start(self) -> AsyncIterator[Request]:
        """The robots.txt of each seed, where seeds were given to the spider."""
        for url in self._seeds:
            yield self._sitemap(urljoin(url, "/robots.txt"), 0)

    def parse(self, response: Response, **kwargs: Any) -> None:
        """A kept page is already recorded; its links are not followed."""

    def parse_sitemap(self, response: Response) -> Iterator[Request]:
        """Requests for what a robots.txt or a sitemap names."""
        depth = int(response.meta.get("depth", 0)) + 1
        if response.url.endswith("/robots.txt"):
            for url in sitemap_urls_from_robots(response.body, base_url=response.url):
                yield self._sitemap(url, depth)
            return
        sitemap = _read(response)
        if sitemap is None:
            self.logger.warning("not a sitemap that can be read: %s", ascii(response.url[:200]))
            return
        for entry, _ in zip(sitemap, range(MAX_URLS), strict=False):
            location = urljoin(response.url, str(entry.get("loc", "")))
            if sitemap.type == "sitemapindex":
                yield self._sitemap(location, depth)
            elif location.startswith(("http://", "https://")):
                yield Request(location, meta={"depth": depth})

    def _sitemap(self, url: str, depth: int) -> Request:
        return Request(url, callback=self.parse_sitemap, meta={"source": "sitemap", "depth": depth})


def _read(response: Response) -> Sitemap | None:
    body = response.body
    try:
        if gzip_magic_number(response):
            body = gunzip(body, max_size=MAX_SITEMAP)
        return Sitemap(body)
    except (_DecompressionMaxSizeExceeded, ValueError, SyntaxError, OSError, EOFError):
        return None

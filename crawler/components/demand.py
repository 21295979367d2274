"""No item without a kept page: the spider middleware stamps, the pipeline demands the stamp.

Both are needed. A pipeline never learns which response an item came from, and items from an errback
or from `start()` never pass a spider middleware's output hook.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import DropItem
from scrapy.http import Response

from crawler.components.runtime import Runtime, runtime_of
from reservations.model import Verdict


class DemandMiddleware:
    """Stamps the items of kept pages."""

    def __init__(self, runtime: Runtime, stamped: dict[int, Any]) -> None:
        self._runtime = runtime
        self._stamped = stamped

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> DemandMiddleware:
        """Build for a crawler that the add-on prepared."""
        return cls(runtime_of(crawler), runtime_of(crawler).stamped)

    async def process_spider_output(
        self, response: Response, result: AsyncIterator[Any]
    ) -> AsyncIterator[Any]:
        """Pass everything on; remember which items came from a kept page."""
        exchange = self._runtime.exchanges.get(response.request) if response.request else None
        kept = bool(exchange and exchange.decision and exchange.decision.verdict is Verdict.KEEP)
        async for output in result:
            if kept and not isinstance(output, Request):
                self._stamped[id(output)] = output
            yield output


class DemandPipeline:
    """Drops an item that no kept page gave."""

    def __init__(self, stamped: dict[int, Any]) -> None:
        self._stamped = stamped

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> DemandPipeline:
        """Build for a crawler that the add-on prepared."""
        return cls(runtime_of(crawler).stamped)

    def process_item(self, item: Any) -> Any:
        """Let a stamped item through, once."""
        if self._stamped.pop(id(item), None) is not item:
            raise DropItem("no decision for the page of this item")
        return item

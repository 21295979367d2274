"""One-shot permits: the handler opens no socket for a request that the gate did not admit.

A permit is bound to the request object, its method and its URL, and never travels in
`request.meta`: meta is copied by `Request.replace()`, shown in `response.meta` and pickled. So a
redirect, a retry or a request from a disk queue has no permit and meets the gate again.
"""

from __future__ import annotations

from weakref import WeakKeyDictionary

from scrapy import Request


class Permits:
    """The open permits of one crawl."""

    def __init__(self) -> None:
        self._granted: WeakKeyDictionary[Request, tuple[str, str]] = WeakKeyDictionary()

    def grant(self, request: Request) -> None:
        """Allow one download of exactly this request."""
        self._granted[request] = (request.method, request.url)

    def redeem(self, request: Request) -> bool:
        """Use the permit up; False where there is none for this method and URL."""
        return self._granted.pop(request, None) == (request.method, request.url)

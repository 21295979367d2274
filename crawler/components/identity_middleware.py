"""Every request says who we are, and nothing else: no cookies, credentials or referrer games."""

from __future__ import annotations

from scrapy import Request
from scrapy.crawler import Crawler

from crawler.components.runtime import Runtime, runtime_of


class IdentityMiddleware:
    """The last to touch a request's headers before the handler."""

    def __init__(self, runtime: Runtime) -> None:
        self._headers = runtime.session.identity_headers
        self._stripped = frozenset(name.lower().encode() for name in runtime.session.stripped_headers)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> IdentityMiddleware:
        """Build for a crawler that the add-on prepared."""
        return cls(runtime_of(crawler))

    def process_request(self, request: Request) -> None:
        """Overwrite the identity headers, whatever a spider set."""
        for name in [name for name in request.headers if name.lower() in self._stripped]:
            del request.headers[name]
        for name, value in self._headers.items():
            request.headers[name] = value

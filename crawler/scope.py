"""How far a crawl goes: hosts, depth, budgets, kinds of media. Pure; rules in one table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from crawler.config import Crawl
from reservations.model import Effect, Reason

MAX_HOPS = 10
"""Redirects in a row that are followed for a page."""

_MEDIA = {
    "text/html": "html",
    "application/xhtml+xml": "html",
    "application/pdf": "pdf",
    "application/epub+zip": "epub",
}
_FAMILIES = ("text", "image", "audio", "video")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The hosts that links may lead to; subdomains of a named host are in."""

    hosts: frozenset[str]
    anywhere: bool = False

    def holds(self, host: str) -> bool:
        """Whether a host is in scope."""
        if self.anywhere or host in self.hosts:
            return True
        return any(host.endswith("." + named) for named in self._named_parents(host))

    def _named_parents(self, host: str) -> Iterable[str]:
        labels = host.split(".")
        parents = (".".join(labels[i:]) for i in range(1, len(labels)))
        return (parent for parent in parents if parent in self.hosts)


def scope_of(settings: Crawl, seeds: Iterable[str]) -> Scope:
    """The configured scope, or the hosts of the seeds."""
    if settings.scope:
        named = frozenset(h.lower().lstrip(".") for h in settings.scope)
        return Scope(hosts=named - {"*"}, anywhere="*" in named)
    hosts = (urlsplit(url).hostname or "" for url in seeds)
    return Scope(hosts=frozenset(h.removeprefix("www.") for h in hosts if h))


def media_class(content_type: str) -> str:
    """The configurable class of a media type (RFC 9110 section 8.3.1); `other` where none fits."""
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type in _MEDIA:
        return _MEDIA[media_type]
    family = media_type.partition("/")[0]
    return family if family in _FAMILIES else "other"


def left_out(what: str, why: str) -> Reason:
    """A reason of our own: nobody reserved anything, we do not want or cannot take the URL."""
    return Reason(code=f"error.{what}", effect=Effect.EXCLUDE, protocol="error", why=why)


def failed(what: str, why: str) -> Reason:
    """A failure that may pass: the URL is tried again."""
    return Reason(code=f"error.{what}", effect=Effect.DEFER, protocol="error", why=why)

"""How far a crawl goes: hosts, depth, budgets, kinds of media. Pure; rules in one table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from crawler.config_sections import Crawl
from crawler.exchange import Wire
from crawler.frontier import Candidate
from crawler.revalidation import NOT_MODIFIED
from reservations.model import Effect, Reason

MAX_HOPS = 10
"""Redirects in a row that are followed for a page."""

_MEDIA = {
    "text/html": "html",
    "application/xhtml+xml": "html",
    "application/pdf": "pdf",
    "application/epub+zip": "epub",
}
FEEDS = frozenset({"application/rss+xml", "application/atom+xml", "application/rdf+xml"})
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
    hosts = map(_host_of, seeds)
    return Scope(hosts=frozenset(h.removeprefix("www.") for h in hosts if h))


def _host_of(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:  # a broken IPv6 literal names no host
        return ""


def media_class(content_type: str) -> str:
    """The configurable class of a media type (RFC 9110 section 8.3.1); `other` where none fits."""
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type in _MEDIA:
        return _MEDIA[media_type]
    family = media_type.partition("/")[0]
    return family if family in _FAMILIES else "other"


def outside(candidate: Candidate, crawl: Crawl, scope: Scope) -> Reason | None:
    """Why a found URL does not enter the frontier; None where it does. Seeds always do."""
    if candidate.source == "seed":
        return None
    if candidate.depth > crawl.depth:
        return left_out("depth", f"more than {crawl.depth} links from a seed")
    if candidate.hops > MAX_HOPS:
        return left_out("redirect_loop", f"more than {MAX_HOPS} redirects in a row")
    if not scope.holds(candidate.host):
        return left_out("out_of_scope", f"{candidate.host} is outside the scope of this crawl")
    return None


def unwanted(wire: Wire, crawl: Crawl) -> Iterator[Reason]:
    """What the head of an answer says that we do not want: another kind of media, too many bytes."""
    if wire.status >= 300:
        return
    if media_class(wire.media_type) not in crawl.types:
        named = wire.media_type[:100] or "no content type"
        yield left_out("media_type", f"{named}: not among the types of this crawl")
    length = wire.content_length
    if length is not None and length > crawl.max_body:
        yield left_out("too_large", f"{length} bytes announced, {crawl.max_body} taken at most")


def objections(wire: Wire, crawl: Crawl) -> tuple[tuple[Reason, ...], tuple[Reason, ...]]:
    """What is wrong with an answer: at once, and once its body was read.

    A feed that is not kept is read all the same, for the licences that it may hold for other pages.
    """
    if wire.status == NOT_MODIFIED:
        return (failed("not_modified", "answered 304 to a request that set no condition"),), ()
    reasons = tuple(unwanted(wire, crawl))
    later = wire.media_type in FEEDS and all(r.code == "error.media_type" for r in reasons)
    return ((), reasons) if later else (reasons, ())


def left_out(what: str, why: str) -> Reason:
    """A reason of our own: nobody reserved anything, we do not want or cannot take the URL."""
    return Reason(code=f"error.{what}", effect=Effect.EXCLUDE, protocol="error", why=why)


def failed(what: str, why: str) -> Reason:
    """A failure that may pass: the URL is tried again."""
    return Reason(code=f"error.{what}", effect=Effect.DEFER, protocol="error", why=why)

"""Links of a page to the feeds of its own origin.

RSL-SPEC-1.0 section 4.7 (https://rslstandard.org/rsl) has licences in the items of a feed, for works on
the feed's own origin, and section 4.2 wants every association point looked at. A page names its feeds by
`link rel="alternate"` (https://html.spec.whatwg.org/multipage/links.html#rel-alternate).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from selectolax.lexbor import LexborHTMLParser, LexborNode

from reservations.origins import origin_of
from reservations.readers.charsets import encoding_of
from reservations.readers.html_head import looks_like_html
from reservations.readers.html_tags import is_parsable
from reservations.readers.http_fields import media_type_of
from reservations.readers.page_links import absolute, base_of

MAX_LINKS = 500
MAX_FOUND = 8

MEDIA_TYPES = ("application/rss+xml", "application/rdf+xml", "application/atom+xml")
"""The first ones are RSS, which the specification names; the last is read failing closed."""
_HEADS = (131_072, 32_768, 16_384)
"""Bytes at the start that are read of a page that is too large for a parser."""
_NEEDLES = (b"rss+xml", b"rdf+xml", b"atom+xml")


def feed_links(body: bytes, fields: Sequence[tuple[str, str]], url: str) -> tuple[str, ...]:
    """Addresses of feeds on a page's own origin, in their order, RSS first. Never raises."""
    lowered = body.lower()
    if not any(needle in lowered for needle in _NEEDLES) or not looks_like_html(fields, body):
        return ()
    part = next((part for part in (body, *(body[:size] for size in _HEADS)) if is_parsable(part)), b"")
    parser = LexborHTMLParser(part.decode(encoding_of(body, fields), "replace"))
    base = base_of(parser, url)
    found = sorted(_feeds(parser.css("link[href][type]")[:MAX_LINKS]), key=lambda feed: feed[0])
    addresses = (absolute(base, href) for _, href in found)
    own = origin_of(url)
    return tuple(dict.fromkeys(a for a in addresses if a and origin_of(a) == own))[:MAX_FOUND]


def _feeds(links: Sequence[LexborNode]) -> Iterator[tuple[int, str]]:
    for link in links:
        attributes = link.attributes
        media_type = media_type_of(attributes.get("type") or "")
        if "alternate" in (attributes.get("rel") or "").lower().split() and media_type in MEDIA_TYPES:
            yield int(media_type == MEDIA_TYPES[-1]), attributes.get("href") or ""

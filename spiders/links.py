"""Links of a page, in one pass over the tree; what is no link for us is never yielded."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urldefrag, urljoin

from scrapy.http import Response, TextResponse
from selectolax.lexbor import LexborHTMLParser

MAX_LINKS = 2000
"""Links of one page that are looked at."""
MAX_URL = 2048
"""Characters of a link; longer ones are traps more often than pages."""

# Targets that `urljoin` would only put together, taken as they stand: it was half the cost of a page's
# links. A path of a slash, letters and the like, whose segments do not begin with a dot.
_PATH = r"(?:/[A-Za-z0-9_~@=+-][A-Za-z0-9._~@=+-]*+)++/?(?:\?[A-Za-z0-9._~@=+&%/-]++)?"
_PLAIN_PATH = re.compile(_PATH)
_ROOT = re.compile(r"https?://[a-z0-9.-]++(?::[0-9]++)?(?=[/?]|\Z)")
_PLAIN_URL = re.compile(_ROOT.pattern + _PATH)

_SELECTOR = "a[href], area[href], img[src], base[href]"


def page_links(response: Response) -> tuple[str, ...]:
    """Absolute http(s) links of an HTML page, without fragments, in document order, once each.

    `rel=nofollow` links and, where the page says `nofollow`, all links are left alone. They are all taken
    before the first is used: a tree that waited for the queue was most of the memory of a crawl.
    """
    if not isinstance(response, TextResponse) or response.meta.get("nofollow"):
        return ()
    return tuple(dict.fromkeys(_links(response)))


def _links(response: TextResponse) -> Iterator[str]:
    tree = LexborHTMLParser(response.body)
    base = response.url
    root = _root(base)
    for node in tree.css(_SELECTOR)[:MAX_LINKS]:
        attributes = node.attributes
        target = attributes.get("href") or attributes.get("src") or ""
        if node.tag == "base":
            base = _joined(response.url, target) or base
            root = _root(base)
            continue
        if "nofollow" in (attributes.get("rel") or "").lower():
            continue
        link = _joined(base, target, root)
        if link:
            yield link


def _root(base: str) -> str:
    """Scheme and host of a base: what a plain path is put behind. Empty where that takes a parser."""
    match = _ROOT.match(base)
    return match[0] if match else ""


def _joined(base: str, target: str, root: str = "") -> str:
    if len(target) > MAX_URL or target[:1] == "#":
        return ""
    if root and _PLAIN_PATH.fullmatch(target):
        return root + target
    if _PLAIN_URL.fullmatch(target):
        return target
    try:
        link = urldefrag(urljoin(base, target.strip()))[0]
    except ValueError:  # a broken IPv6 literal
        return ""
    return link if link[:7].lower() == "http://" or link[:8].lower() == "https://" else ""

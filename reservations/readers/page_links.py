"""Where a link of a page leads: its base, and an address made absolute.

HTML Standard sections 4.2.3 and 2.4, https://html.spec.whatwg.org/multipage/semantics.html#the-base-element.
"""

from __future__ import annotations

from urllib.parse import urldefrag, urljoin, urlsplit

from selectolax.lexbor import LexborHTMLParser

MAX_URL = 2_000


def base_of(parser: LexborHTMLParser, url: str) -> str:
    """What the links of a page at `url` are relative to."""
    node = parser.css_first("base[href]")
    return (absolute(url, node.attributes.get("href") or "") if node else "") or url


def absolute(base: str, href: str) -> str:
    """An http or https address without fragment; empty for anything else, and with a name or password."""
    if not href.strip() or len(href) > MAX_URL:
        return ""
    try:
        target = urldefrag(urljoin(base, href.strip())).url
        parts = urlsplit(target)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc
        _ = parts.port  # a port that is none raises
    except ValueError:
        return ""
    return target.replace(" ", "%20") if usable and len(target) <= MAX_URL else ""

"""A page of links to lists: what Measure 1.2 of the Code of Practice announces for the EU.

Links are compared with the register; what is new is reported to a person, who registers it. Nothing is
fetched because a page links to it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urljoin

from selectolax.lexbor import LexborHTMLParser

from blocklists.columns import decoded
from blocklists.defaults import bounded
from blocklists.hostnames import canonical_host
from blocklists.prefixes import split_target
from blocklists.register import Registered

MAX_LINKS = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One link of the page."""

    url: str
    text: str
    known: str = ""
    """Name of the registered source it leads to; empty if none does."""


def read_links(data: bytes, base: str, register: Iterable[Registered]) -> tuple[Link, ...]:
    """The links that leave the page's own site, each once, with what the register knows of them."""
    home = canonical_host(base)
    targets = {}
    for source in register:
        for url in (source.url, source.page):
            if target := split_target(url) if url else None:
                targets[target] = source.name
    found: dict[str, Link] = {}
    for node in LexborHTMLParser(decoded(data)).css("a[href]")[:MAX_LINKS]:
        url = _joined(base, node.attributes.get("href") or "")
        target = split_target(url) if url.startswith(("http://", "https://")) else None
        if target is None or target[0] == home:
            continue
        text = bounded(" ".join(node.text(deep=True).split()))
        found.setdefault(url, Link(url=bounded(url), text=text, known=targets.get(target, "")))
    return tuple(found.values())


def _joined(base: str, href: str) -> str:
    try:
        return urljoin(base, href.strip())
    except ValueError:
        return ""

"""The domain rule of the template: the domains that most content was kept of, overall and by modality.

Footnote 16 of the template: the top 10 % of all domain names by the size of the content scraped; for
small and medium-sized providers the top 5 % or the top 1,000, whichever is fewer.
"""

from __future__ import annotations

import importlib.metadata
import importlib.resources
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from blocklists.hostnames import registrable_domain
from crawler.store.queries.domains import KeptOf

MODALITIES = ("text", "image", "audio", "video", "other")
ALL = "all"
SMALL_MOST = 1000
_TEXT = frozenset(
    {
        "application/json",
        "application/ld+json",
        "application/xhtml+xml",
        "application/xml",
        "application/pdf",
        "application/epub+zip",
    }
)


@dataclass(slots=True, kw_only=True)
class Holding:
    """What is kept of a domain, or of a site below a platform's name."""

    domain: str
    site: str = ""
    """Empty for the domain as a whole."""
    documents: int = 0
    copies: int = 0
    bytes: int = 0
    first: datetime | None = None
    last: datetime | None = None

    def add(self, row: KeptOf) -> None:
        """Count in what is kept of one site in one media type."""
        self.documents += row.documents
        self.copies += row.copies
        self.bytes += row.bytes
        self.first = row.first if self.first is None else min(self.first, row.first)
        self.last = row.last if self.last is None else max(self.last, row.last)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """All domains, by modality."""

    small: bool
    held: Mapping[str, Mapping[str, Holding]]
    """By modality and domain."""
    sites: Mapping[str, Mapping[str, tuple[Holding, ...]]]
    """By modality and domain, the sites below a platform's name."""
    totals: Mapping[str, Holding]
    """By modality, in the order of MODALITIES, `all` first."""

    @property
    def domains(self) -> Mapping[str, int]:
        """How many domains each modality has."""
        return {name: len(held) for name, held in self.held.items()}

    def top(self) -> Iterator[tuple[str, int, Holding]]:
        """Modality, rank and holding of every domain the rule names, each before its sites."""
        for modality in self.totals:
            ordered = sorted(self.held[modality].values(), key=lambda h: (-h.bytes, h.domain))
            for rank, one in enumerate(_first(ordered, small=self.small), 1):
                yield modality, rank, one
                for site in sorted(
                    self.sites[modality].get(one.domain, ()), key=lambda h: (-h.bytes, h.site)
                ):
                    yield modality, rank, site


def ranked(rows: Iterable[KeptOf], *, small: bool = False) -> Ranking:
    """The ranking of everything that is kept."""
    held: dict[str, dict[str, Holding]] = {}
    sites: dict[str, dict[tuple[str, str], Holding]] = {}
    totals: dict[str, Holding] = {}
    for row in rows:
        domain = registrable_domain(row.domain, private=False) or row.domain
        for name in (ALL, modality(row.media_type)):
            totals.setdefault(name, Holding(domain="")).add(row)
            held.setdefault(name, {}).setdefault(domain, Holding(domain=domain)).add(row)
            below = sites.setdefault(name, {})
            if domain != row.domain:
                below.setdefault((domain, row.domain), Holding(domain=domain, site=row.domain)).add(row)
    order = [name for name in (ALL, *MODALITIES) if name in totals]
    return Ranking(
        small=small,
        held={name: held[name] for name in order},
        sites={name: _by_domain(sites[name].values()) for name in order},
        totals={name: totals[name] for name in order},
    )


def modality(media_type: str) -> str:
    """The modality of a media type, in the template's words."""
    family = media_type.partition("/")[0]
    if family in ("image", "audio", "video") and media_type != "image/svg+xml":
        return family
    if family == "text" or media_type in _TEXT or media_type.endswith(("+xml", "+json")):
        return "text"
    return "other"


@cache
def public_suffix_list() -> str:
    """Which version of the Public Suffix List splits names here."""
    release = f"as bundled with tldextract {importlib.metadata.version('tldextract')}"
    text = importlib.resources.files("tldextract").joinpath(".tld_set_snapshot").read_text("utf-8")
    version = re.search(r"^// VERSION: (\S+)", text, re.MULTILINE)
    return f"version {version[1]}, {release}" if version else release


def how_many(domains: int, *, small: bool) -> int:
    """How many domains the rule names, before ties."""
    # Whole numbers: 0.1 * 30 is a little more than 3 in floating point, and would be rounded up to 4.
    if small:
        return min(math.ceil(domains * 5 / 100), SMALL_MOST)
    return math.ceil(domains * 10 / 100)


def _first(ordered: list[Holding], *, small: bool) -> Iterator[Holding]:
    number = how_many(len(ordered), small=small)
    if not number:
        return
    least = ordered[number - 1].bytes
    yield from (one for place, one in enumerate(ordered) if place < number or one.bytes == least)


def _by_domain(holdings: Iterable[Holding]) -> dict[str, tuple[Holding, ...]]:
    found: dict[str, list[Holding]] = {}
    for one in holdings:
        found.setdefault(one.domain, []).append(one)
    return {domain: tuple(each) for domain, each in found.items()}

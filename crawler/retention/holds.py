"""Legal holds: what they cover. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import assert_never


class HoldKind(StrEnum):
    """What a hold is on."""

    DOMAIN = "domain"
    """A host with everything below it."""
    URL = "url"
    CRAWL = "crawl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A hold, in force until it is released."""

    id: int
    kind: HoldKind
    subject: str
    """A host, a URL without its fragment, or the number of a crawl."""
    reason: str
    placed_by: str
    placed_at: datetime
    released_by: str | None = None
    released_at: datetime | None = None
    release_reason: str | None = None

    @property
    def in_force(self) -> bool:
        """Whether it still holds."""
        return self.released_at is None


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a row is about, as far as a hold can ask."""

    host: str = ""
    url: str = ""
    """Without its fragment."""
    crawl: int | None = None
    words: str = ""
    """Free text that may name a host or a URL."""
    everything: bool = False
    """It is about the whole record, and so about whatever is held."""


def covers(hold: Hold, about: About) -> bool:
    """Whether a hold keeps a row from being removed."""
    if about.everything:
        return True
    match hold.kind:
        case HoldKind.DOMAIN:
            below = about.host == hold.subject or about.host.endswith("." + hold.subject)
            return below or hold.subject in about.words
        case HoldKind.URL:
            return about.url == hold.subject or hold.subject in about.words
        case HoldKind.CRAWL:
            return about.crawl is not None and str(about.crawl) == hold.subject
        case _:
            assert_never(hold.kind)


def held_by(holds: Iterable[Hold], *abouts: About) -> frozenset[int]:
    """The numbers of the holds that cover any of these."""
    return frozenset(hold.id for hold in holds if any(covers(hold, about) for about in abouts))

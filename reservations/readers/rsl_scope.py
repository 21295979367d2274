"""What the `url` of an RSL `content` covers.

Spec: RSL-SPEC-1.0 section 3.3: a URL or a path, matched as RFC 9309 section 2.2.3 says, with `*` and
`$`. An empty one means the place the document is attached to (section 3.3.1).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from urllib.parse import urlsplit

from reservations.origins import origin_of
from reservations.readers.path_pattern import PathPattern, normal_path
from reservations.readers.robots_rules import plain_pattern

MAX_URL = 2_048


class Reach(StrEnum):
    """Which of a document's `content` elements a URL is held against."""

    PLACED = "placed"
    """Those whose `url` matches; an empty one is the place the document is attached to."""
    NAMED = "named"
    """Those whose `url` matches, and no empty ones: the document is attached to something else."""
    HOLDER = "holder"
    """All of them: the document stands inside the file, wherever copies of it are (section 4.8)."""
    FEED = "feed"
    """By the letter as NAMED (section 4.7). Failing closed, the feed holds the works of its items."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A URL as scopes see it."""

    path: str
    """In normal form."""
    origin: str
    host: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """A compiled `url`."""

    text: str
    """As written."""
    pattern: PathPattern
    origin: str = ""
    """Of a full URL; empty for a path, which is about the site that points to the document."""
    host: str = ""
    proper: bool = True
    """False for a path without its slash, which by the letter matches nothing."""

    @property
    def everything(self) -> bool:
        """Whether it means the place the document is attached to."""
        return not self.text

    def speaks_for(self, target: Target, *, lenient: bool) -> bool:
        """Whether it is about a URL's site; failing closed also `http` for `https`, or another port."""
        if lenient:
            return not self.host or self.host == target.host
        return self.proper and (not self.origin or self.origin == target.origin)


@lru_cache(maxsize=4096)
def target_of(url: str) -> Target:
    """A URL as scopes see it. Raises ValueError for a URL without a host."""
    return Target(path=normal_path(url), origin=origin_of(url), host=urlsplit(url).hostname or "")


def scope_of(text: str) -> Scope:
    """Compile a `url`; never raises. A full URL that cannot be read covers nothing."""
    text = text[:MAX_URL]
    if "//" in text[:8]:
        return _full(text)
    if not text or text.startswith(("/", "*")):
        return Scope(text=text, pattern=plain_pattern(text or "/"))
    return Scope(text=text, pattern=plain_pattern("/" + text), proper=False)


def _full(text: str) -> Scope:
    written = "https:" + text if text.startswith("//") else text
    try:
        parts, origin = urlsplit(written), origin_of(written)
    except ValueError:
        return Scope(text=text, pattern=plain_pattern("/"), origin="none", host="none")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Scope(text=text, pattern=plain_pattern(path), origin=origin, host=parts.hostname or "none")

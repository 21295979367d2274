"""Where Google's reader of robots.txt and ours may differ; docs/differences.md says why.

A difference is accepted only where its own cause is there to be seen in the file or the URL. `name` is a
heading of the page, `whose` says who is stricter.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

OURS, GOOGLES = "ours", "Google's"
KNOWN = ("user-agent", "disallow", "allow", "sitemap")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One question put to both readers."""

    body: bytes
    agent: str
    url: str

    @property
    def values(self) -> list[tuple[str, str]]:
        """Field names as written, and values, of every line with a colon."""
        lines = re.split(r"\r\n|\r|\n", self.body.decode("utf-8", "replace"))
        split = (line.partition("#")[0].partition(":") for line in lines)
        return [(name.strip(" \t").lower(), value.strip(" \t")) for name, colon, value in split if colon]

    def of(self, *names: str) -> list[str]:
        """Values of some fields."""
        return [value for name, value in self.values if name in names]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One cause of differing answers."""

    name: str
    whose: tuple[str, ...]
    """Whose reader may be the stricter one."""
    seen_in: Callable[[Case], bool]


def _path(case: Case) -> str:
    parts = urlsplit(case.url)
    return parts.path + ("?" + parts.query if parts.query else "")


def _escapes(case: Case) -> bool:
    texts = [_path(case), *case.of("allow", "disallow")]
    return any("%" in t or not t.isascii() or " " in t or "\t" in t for t in texts) or any(
        c in _path(case) for c in "$*"
    )


def _odd_agent(case: Case) -> bool:
    return any(not re.fullmatch(r"[A-Za-z_-]+|\*", value) for value in case.of("user-agent"))


def _odd_name(case: Case) -> bool:
    lines = re.split(r"\r\n|\r|\n", case.body.decode("utf-8", "replace").lower())
    for line in lines:
        content = line.partition("#")[0].strip()
        name = re.split(r"[:\s]", content, maxsplit=1)[0]
        exact = content.partition(":")[0].strip(" \t") in KNOWN and ":" in content
        if not exact and (
            name.startswith(("dis", "allow", "user", "useragent", "diss")) or "agent" in content
        ):
            return True
    return False


def _wide(case: Case) -> bool:
    return b"\0" in case.body[:4] or case.body.startswith(("ï»¿".encode(), b"\xff\xfe", b"\xfe\xff"))


ACCEPTED = (
    Difference(name="Percent-encoding and spaces in paths", whose=(OURS, GOOGLES), seen_in=_escapes),
    Difference(name="User-agent values that are no product token", whose=(OURS, GOOGLES), seen_in=_odd_agent),
    Difference(name="Misspelt and lengthened field names", whose=(OURS, GOOGLES), seen_in=_odd_name),
    Difference(name="UTF-16 and byte order marks encoded twice", whose=(OURS,), seen_in=_wide),
    Difference(
        name="index.html opens its folder",
        whose=(OURS,),
        seen_in=lambda c: any("/index.htm" in value for value in c.of("allow")),
    ),
    Difference(
        name="NUL and other control characters",
        whose=(OURS, GOOGLES),
        seen_in=lambda c: re.search(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]", c.body) is not None,
    ),
    Difference(
        name="Lines longer than 16,664 bytes",
        whose=(OURS, GOOGLES),
        seen_in=lambda c: any(len(line) > 16_600 for line in re.split(rb"[\r\n]", c.body)),
    ),
    Difference(
        name="Dot segments in the URL",
        whose=(OURS, GOOGLES),
        seen_in=lambda c: re.search(r"/\.\.?(/|$)", urlsplit(c.url).path) is not None,
    ),
    Difference(
        name="robots.txt itself",
        whose=(GOOGLES,),
        seen_in=lambda c: urlsplit(c.url).path == "/robots.txt",
    ),
    Difference(
        name="Several stars count as one",
        whose=(OURS, GOOGLES),
        seen_in=lambda c: any("**" in value for value in c.of("allow", "disallow")),
    ),
)


def causes(case: Case, stricter: str) -> list[str]:
    """Names of the accepted differences that can be the cause of this one."""
    return [d.name for d in ACCEPTED if stricter in d.whose and d.seen_in(case)]

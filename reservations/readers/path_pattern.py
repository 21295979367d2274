"""Path patterns with `*` and `$`, as robots.txt, AIPREF and TDMRep use them.

One normal form for patterns and URLs, chosen so that it never matches less than RFC 9309 section
2.2.2 asks: escapes of everything but `%2F` and `%25` are undone on both sides, then every octet
except unreserved characters, `/` and `=` is written as an upper-case escape. google/robotstxt#64
records why the RFC's own wording cannot be followed to the last word.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

MAX_PATTERN = 100_000
"""Characters of a pattern that are looked at."""

_ESCAPE = re.compile(rb"%([0-9A-Fa-f]{2})")
_UNRESERVED_ESCAPE = re.compile(rb"%(?:2[DdEe]|3[0-9]|4[1-9A-Fa-f]|5[0-9AaFf]|6[1-9A-Fa-f]|7[0-9AaEe])")
_TO_ENCODE = re.compile(rb"[^\x21-\x7e]")
_PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/=")
_ENCODED = tuple(chr(o) if o in _PLAIN else f"%{o:02X}" for o in range(256))
_KEPT_IN_URL = {b"2F": "%2F", b"25": "%25"}
_KEPT_IN_RULE = {**_KEPT_IN_URL, b"2A": "%2A", b"24": "%24"}


def _normal(raw: bytes, kept: dict[bytes, str]) -> str:
    out: list[str] = []
    end = 0
    for match in _ESCAPE.finditer(raw):
        out.extend(_ENCODED[o] for o in raw[end : match.start()])
        code = match[1].upper()
        out.append(kept.get(code) or _ENCODED[int(code, 16)])
        end = match.end()
    out.extend(_ENCODED[o] for o in raw[end:])
    return "".join(out)


def without_dot_segments(path: str) -> str:
    """Resolve `.` and `..` (RFC 3986 section 5.2.4); a path that climbs too far ends at the root."""
    if "/." not in path:
        return path
    out: list[str] = []
    segments = path.split("/")
    for segment in segments[1:]:
        if segment == "..":
            if out:
                out.pop()
        elif segment != ".":
            out.append(segment)
    if segments[-1] in (".", ".."):
        out.append("")
    return "/" + "/".join(out)


@lru_cache(maxsize=4096)
def normal_path(url: str) -> str:
    """Path and query of a URL in the normal form; the fragment is dropped, an empty path is `/`."""
    try:
        parts = urlsplit(url)
    except ValueError:  # a broken IPv6 literal; nothing of it can be requested either
        return "/"
    target = without_dot_segments(parts.path or "/")
    if parts.query or "?" in url.partition("#")[0]:
        target += "?" + parts.query
    return _normal(target.encode("utf-8", "surrogatepass"), _KEPT_IN_URL)


@dataclass(frozen=True, slots=True)
class PathPattern:
    """A compiled pattern."""

    text: str
    """As written."""
    pieces: tuple[str, ...]
    """Normal form, cut at each `*`."""
    anchored: bool
    length: int
    """Octets as RFC 9309 section 2.2.2 counts them, wildcards and the anchor included: `?` is one, not
    the three of the normal form, or `Allow: /*?` would be longer than `Disallow: /abc`."""

    def matches(self, normal: str) -> bool:
        """Whether a path in normal form matches. Linear time: pieces are found left to right."""
        first, *rest = self.pieces
        if not normal.startswith(first):
            return False
        if not rest:
            return not self.anchored or normal == first
        position = len(first)
        for piece in rest[:-1]:
            found = normal.find(piece, position)
            if found < 0:
                return False
            position = found + len(piece)
        last = rest[-1]
        if self.anchored:
            return len(normal) - len(last) >= position and normal.endswith(last)
        return normal.find(last, position) >= 0


def compile_pattern(text: str) -> PathPattern:
    """Compile a pattern as written; `*` matches any run of characters, a final `$` the end."""
    bounded = text[:MAX_PATTERN]
    anchored = bounded.endswith("$")
    core = re.sub(r"\*+", "*", bounded[:-1] if anchored else bounded)
    raw = core.encode("utf-8", "surrogatepass")
    pieces = tuple(_normal(piece, _KEPT_IN_RULE) for piece in raw.split(b"*"))
    return PathPattern(text=text, pieces=pieces, anchored=anchored, length=_octets(raw) + anchored)


def _octets(raw: bytes) -> int:
    """Octets after the normalisation of the RFC: non-ASCII becomes escapes, unreserved escapes go."""
    return len(raw) + 2 * len(_TO_ENCODE.findall(raw)) - 2 * len(_UNRESERVED_ESCAPE.findall(raw))

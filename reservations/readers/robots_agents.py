"""The value of a `User-agent` line: the product token it is, and the names it may be meant as.

By the letter a value is one product token and compares whole (RFC 9309 section 2.2.1). Files in the
wild write versions, lists, browser strings and wildcards there; `names` gives every token such a
value mentions, for the fail-closed profiles.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from reservations.ai_tokens import parts_of
from reservations.readers.robots_lines import folded

STAR = "*"
_MAX_VALUE = 2000
_TOKEN = re.compile(r"[A-Za-z_-]+|\*")
_WORD = re.compile(r"[a-z0-9_][a-z0-9_.-]*")
_SEPARATOR = re.compile(r"[|,;]")


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentNames:
    """Who a `User-agent` value may be meant for."""

    words: frozenset[str]
    """Tokens in lower case; `*` where it means everybody."""
    globs: tuple[str, ...] = ()
    """Values with a wildcard inside (`barbarbot*`), which may name more than their own words."""


def is_product_token(value: str) -> bool:
    """Whether a value is a product token or `*` (RFC 9309 section 2.2, `product-token`)."""
    return _TOKEN.fullmatch(value) is not None


def is_plain(value: str) -> bool:
    """Whether a value is one product token to every reader, the fail-closed ones too."""
    return is_product_token(value) and not parts_of(value)


def names(value: str) -> AgentNames:
    """The names in a value. `AI2Bot` names no `AI`: tokens end at blanks and signs, not at digits."""
    return _names(value[:_MAX_VALUE])


@lru_cache(maxsize=16384)
def _names(value: str) -> AgentNames:
    if is_product_token(value):
        return AgentNames(words=frozenset({value.lower(), *parts_of(value)}))
    words: set[str] = set()
    globs: list[str] = []
    for part in map(str.strip, _SEPARATOR.split(folded(value))):
        if (part and not part.strip(STAR)) or part[:2] in ("* ", "*\t"):
            words.add(STAR)
        elif STAR in part and " " not in part:
            globs.append(part)
        words.update(word.rstrip(".") for word in _WORD.findall(part))
        words.add(" ".join(part.split()))
    words.discard("")
    return AgentNames(words=frozenset(words), globs=tuple(globs))


def glob_names(glob: str, token: str) -> bool:
    """Whether a value with wildcards names a token; `*` alone inside a list is not one."""
    core = glob.strip(STAR)
    if not core or STAR in core:
        return False
    if glob.startswith(STAR) and glob.endswith(STAR):
        return core in token
    return token.endswith(core) if glob.startswith(STAR) else token.startswith(core)

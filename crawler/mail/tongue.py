"""In which of our languages a letter is written. Pure; the tables of the site say which words are whose."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from crawler.mail.fields import Fields, first
from crawler.web.language import available, language, nearest

MAX_LOOKED_AT = 20_000
"""Characters of a text that are looked through."""
ENOUGH = 3
"""Words that only one of our languages has; fewer say nothing."""
_WORD = re.compile(r"[^\W\d_]{2,30}")
_MARKUP = re.compile(r"<[^<>]*>|%\(\w+\)s")


def declared(fields: Fields) -> str:
    """What a letter's header says: Content-Language, else Accept-Language (RFC 3282)."""
    return first(fields, "content-language") or first(fields, "accept-language")


def language_of_letter(text: str, header: str) -> str:
    """The code of the language to answer in: what is written goes before what a program put into the header.

    A mail program writes its own language into the header of every letter, also of an English one.
    """
    return written_in(text) or nearest(header) or "en"


def written_in(text: str) -> str | None:
    """The language a text is plainly written in; None where it is none of ours, or too short to tell."""
    own = "\n".join(line for line in text[:MAX_LOOKED_AT].splitlines() if not line.startswith(">"))
    words = _words(own)
    counts = {code: sum(word in known for word in words) for code, known in _own_words().items()}
    ranked = sorted(counts, key=lambda code: -counts[code])
    best, second = counts[ranked[0]], counts[ranked[1]] if len(ranked) > 1 else 0
    return ranked[0] if best >= ENOUGH and best > 2 * second else None


@cache
def _own_words() -> Mapping[str, frozenset[str]]:
    """Of each language, the words of its table that no other's has: a new table is read like the others."""
    found = {code: frozenset(_words("\n".join(language(code).sentences()))) for code in available()}
    return {
        code: words - frozenset[str]().union(*(others for other, others in found.items() if other != code))
        for code, words in found.items()
    }


def _words(text: str) -> list[str]:
    tokens = _MARKUP.sub(" ", text).lower().split()
    # Addresses are in no language. Told apart token by token: a pattern would try each beginning.
    return _WORD.findall(" ".join(token for token in tokens if "@" not in token and "://" not in token))

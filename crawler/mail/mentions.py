"""The sites and pages that a text names, in the order it does."""

from __future__ import annotations

import re
from collections.abc import Collection

from blocklists.hostnames import canonical_host, has_known_suffix, is_ip, is_reserved, split_url

MAX_MENTIONS = 50
MAX_LOOKED_AT = 50_000
"""Characters of a text that are looked through."""
MAX_URL = 2000
MAX_HOST = 255
_TRIM = ".,;:!?()[]{}<>\"'“”‘’«»„*_|`"


def mentions(text: str, *, without: Collection[str] = ()) -> tuple[str, ...]:
    """URLs and domains in a text, each once; none of the hosts in `without`, no mail addresses.

    A bare word with a dot counts as a domain if its last label is a public suffix, so `file.pdf` does not.
    """
    found: dict[str, None] = {}
    for token in re.split(r"[\s<>\"]+", text[:MAX_LOOKED_AT]):
        word = token.strip(_TRIM)[:MAX_URL]
        if "." not in word or len(found) == MAX_MENTIONS or len(split_url(word)[0]) > MAX_HOST:
            continue
        is_url = word.lower().startswith(("http://", "https://"))
        host = canonical_host(word) if is_url or "@" not in word else None
        if host is None or host in without or not (is_url or _is_domain(word, host)):
            continue
        found[word if is_url and "/" in word.split("://", 1)[1].rstrip("/") else host] = None
    return tuple(found)


def hosts(subjects: Collection[str]) -> tuple[str, ...]:
    """The hosts of what was named, each once."""
    return tuple(dict.fromkeys(host for host in map(canonical_host, subjects) if host))


def _is_domain(word: str, host: str) -> bool:
    return word[:1].isalnum() and not is_ip(host) and (has_known_suffix(host) or is_reserved(host))

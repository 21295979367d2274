"""What somebody typed: a domain, an address, or nothing that can be looked up."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from blocklists.hostnames import canonical_host, is_ip, registrable_domain
from crawler.web.errors import ProblemError

MAX_SUBJECT = 2048
_NAME = re.compile(r"[a-z0-9._:\[\]-]{1,253}")
"""What a name in DNS or an address is made of; browsers' URLs allow more, such as `example.org;x`."""


def host_of(text: str) -> str:
    """The host in normal form. Raises ProblemError for what is none, or would name other people's."""
    host = canonical_host(text[:MAX_SUBJECT]) or ""
    if not _NAME.fullmatch(host):
        raise ProblemError(422, "That is no domain. Write it as example.org, or paste a page’s address.")
    if not is_ip(host) and registrable_domain(host) is None:
        raise ProblemError(
            422,
            "%(host)s is a name under which others register theirs. Ask for one domain, such as example.org.",
            host=host,
        )
    return host


def address_of(text: str) -> str | None:
    """The page address somebody typed; None where they mean a whole site."""
    value = text.strip()[:MAX_SUBJECT]
    if "://" not in value:
        head, slash, rest = value.partition("/")
        if not slash or not rest:
            return None
        value = f"https://{head}/{rest}"
    try:
        parts = urlsplit(value)
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or (parts.path in ("", "/") and not parts.query):
        return None
    return value


def prefix_of(text: str) -> str:
    """A prefix that names a folder: anything finer would let one spell out addresses letter by letter."""
    host_of(text)
    if not text.startswith(("http://", "https://")) or not text.endswith("/"):
        raise ProblemError(422, "A prefix begins with http:// or https:// and ends with a slash.")
    return text[:MAX_SUBJECT]

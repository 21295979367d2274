"""Where a URL belongs: its origin, host, registrable domain, and the key it is looked up by."""

from __future__ import annotations

import re
import string
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from urllib.parse import quote

from blocklists.hostnames import canonical_host, is_ip, registrable_domain
from reservations.origins import origin_of

MAX_KEY = 400
"""Characters of a lookup key, all ASCII: far below PostgreSQL's 2,704 bytes for one index row."""

_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/?#\\]*)([^#]*)", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What all URLs of one scheme, host and port share."""

    origin: str
    """`scheme://host:port`; empty for a URL without a host."""
    host: str
    """In the normal form that lists use; empty for a URL without a host."""
    domain: str
    """The registrable domain; the host itself where there is none (an address, a bare suffix)."""
    key: str
    """`org,example,www)`: labels turned round, so that a domain with all its subdomains is a range."""


NOWHERE = Site(origin="", host="", domain="", key=")")


def site_of(url: str) -> Site:
    """The site of a URL. Anything may be passed: what has no host gives `NOWHERE`."""
    match = _URL.match(url)
    return NOWHERE if match is None else _site(match[1].lower(), match[2])


def lookup_key(url: str) -> str:
    """The URL in sort-friendly form, as far as MAX_KEY goes: `org,example,www)/path?query`."""
    match = _URL.match(url)
    if match is None:
        return NOWHERE.key
    path = match[3]
    if not (path.isascii() and path.isprintable()):
        path = quote(path, safe=string.punctuation, errors="surrogatepass")
    return (_site(match[1].lower(), match[2]).key + (path if path[:1] == "/" else "/" + path))[:MAX_KEY]


def url_hash(url: str) -> int:
    """A signed 64-bit hash of a URL without its fragment, which never reaches a server."""
    page = url.partition("#")[0].encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(page, digest_size=8).digest(), "big", signed=True)


def key_range(prefix: str) -> tuple[str, str]:
    """The half-open range of the keys that start with `prefix`."""
    return prefix, prefix[:-1] + chr(ord(prefix[-1]) + 1)


def domain_range(host: str) -> tuple[str, str]:
    """The range of keys of a host and everything below it: `)` and `,` sort right before `-`."""
    key = reversed_host(host)
    return key + ")", key + "-"


def reversed_host(host: str) -> str:
    """`www.example.org` to `org,example,www`; addresses stay as they are."""
    return host if is_ip(host) else ",".join(reversed(host.split(".")))


@lru_cache(maxsize=65_536)
def _site(scheme: str, authority: str) -> Site:
    url = f"{scheme}://{authority}"
    host = canonical_host(url)
    if not host:
        return NOWHERE
    try:
        origin = origin_of(url)
    except ValueError:
        origin = f"{scheme}://{host}"
    domain = registrable_domain(host) or host
    return Site(origin=origin, host=host, domain=domain, key=reversed_host(host)[: MAX_KEY // 2] + ")")

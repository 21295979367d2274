"""Origins: scheme, host and port, the unit that location files speak for (RFC 6454 section 4)."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import urlsplit

_DEFAULT_PORTS = {"http": 80, "https": 443}


@lru_cache(maxsize=65536)
def origin_of(url: str) -> str:
    """`scheme://host:port` in lower case, default port left out.

    Raises ValueError for a URL without a host or with an impossible port.
    """
    parts = urlsplit(url)
    host = parts.hostname
    if not host:
        raise ValueError(f"no host in URL: {url[:200]!r}")
    port = parts.port
    scheme = parts.scheme.lower()
    name = f"[{host}]" if ":" in host else host
    suffix = "" if port is None or port == _DEFAULT_PORTS.get(scheme) else f":{port}"
    return f"{scheme}://{name}{suffix}"

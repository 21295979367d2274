"""Proof that a domain is somebody's: a value only they were given, found in its DNS or on its server.

The value that is published is a hash of the token. Anybody can read it there, so it opens nothing.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Awaitable, Callable
from hashlib import sha256

import dns.asyncresolver
import dns.exception

from crawler.network import AddressGuard, Client, NetworkError, identity_headers, read_proxies
from crawler.web.checking import refuse_listed
from crawler.web.errors import ProblemError
from crawler.web.site import Site

LABEL = "_crawler-transparency"
PATH = "/.well-known/crawler-transparency/"
MAX_FILE = 1024
SECONDS = 10.0
FindText = Callable[[str], Awaitable[tuple[str, ...]]]


def new_token() -> str:
    """256 random bits, kept by whoever asked."""
    return secrets.token_urlsafe(32)


def value_of(token: str) -> str:
    """What is to be published for a token: 43 characters."""
    return base64.urlsafe_b64encode(sha256(b"ownership\0" + token.encode()).digest()).rstrip(b"=").decode()


async def text_records(name: str) -> tuple[str, ...]:
    """The TXT records of a name; none where there are none, or nobody answers."""
    try:
        answer = await dns.asyncresolver.resolve(name, "TXT", lifetime=SECONDS)
    except dns.exception.DNSException:
        return ()
    return tuple(b"".join(record.strings).decode("ascii", "replace") for record in answer)


async def proved_by(site: Site, domain: str, token: str, find: FindText | None = None) -> str:
    """How the domain shows the value: `dns`, `file`, or not at all (empty)."""
    value = value_of(token)
    if any(_holds(text, value) for text in await (find or text_records)(f"{LABEL}.{domain}")):
        return "dns"
    return "file" if await _on_server(site, domain, value) else ""


def _holds(text: str, value: str) -> bool:
    fields = [part.strip() for part in text.split(";")]
    return "v1" in fields and f"token={value}" in fields


async def _on_server(site: Site, domain: str, value: str) -> bool:
    """Whether the file is there, on that very host: a redirect proves nothing."""
    config = site.config
    scheme = "http" if config.network.allow_private else "https"
    url = f"{scheme}://{domain}{PATH}{value}"
    refuse_listed(site, url)
    guard = AddressGuard(
        allow_private=config.network.allow_private, proxies=read_proxies(config.network.proxy)
    )
    unsafe = guard.check_url(url)
    if unsafe is not None:
        raise ProblemError(422, unsafe.why or "This address cannot be asked.")
    async with Client(guard, identity_headers(config), timeout=SECONDS) as client:
        try:
            answer = await client.get(url, cap=MAX_FILE)
        except NetworkError:
            return False
    return answer.status == 200 and answer.body.decode("ascii", "replace").strip() == value

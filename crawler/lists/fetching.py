"""Fetch one registered list: conditional, bounded, over TLS, redirects followed by hand and checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urljoin

from blocklists.register import Registered
from crawler.network import Client, NetworkError

MAX_HOPS = 5
SECONDS = 120.0
"""For a whole list; a drip feed ends there."""
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


class FetchError(Exception):
    """The list could not be had; says why. What is in force stays."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What came back."""

    data: bytes | None
    """None: unchanged since the last time."""
    url: str
    """Where it was found, after redirects."""
    etag: str = ""
    last_modified: str = ""


async def fetch(client: Client, source: Registered, known: Mapping[str, str], *, insecure: bool) -> Fetched:
    """Fetch a list, if it changed since `known`. `insecure` allows http, for closed networks only.

    Raises FetchError.
    """
    conditions = _conditions(known)
    url = source.url
    for _ in range(MAX_HOPS + 1):
        if not insecure and not url.startswith("https://"):
            raise FetchError(f"{url} is not https; a list that anybody on the way can alter is no list")
        try:
            answer = await client.get(url, extra=conditions, cap=source.max_bytes, seconds=SECONDS)
        except NetworkError as error:
            raise FetchError(f"{url}: {error.why}") from error
        if answer.status in _REDIRECTS and (location := answer.field("location")):
            url = _target(url, location)
            continue
        if answer.status == 304 and conditions:
            return Fetched(data=None, url=url, **_validators(answer.fields))
        if answer.status != 200:
            raise FetchError(f"{url}: answered {answer.status}")
        return Fetched(data=answer.body, url=url, **_validators(answer.fields))
    raise FetchError(f"{source.url}: more than {MAX_HOPS} redirects")


def _target(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError as error:
        raise FetchError(f"{url}: redirects to what is no URL") from error


def _conditions(known: Mapping[str, str]) -> dict[str, str]:
    """RFC 9110 section 13.1: ask for the list only if it changed."""
    found = {}
    if known.get("etag"):
        found["If-None-Match"] = known["etag"]
    if known.get("last_modified"):
        found["If-Modified-Since"] = known["last_modified"]
    return found


def _validators(fields: tuple[tuple[str, str], ...]) -> dict[str, str]:
    lines = {name.lower(): value for name, value in fields}
    return {"etag": lines.get("etag", "")[:500], "last_modified": lines.get("last-modified", "")[:100]}

"""What published files must say alike: page, twin, addresses, keys and feeds are of one crawler."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from html import unescape
from typing import Any

from crawler.identity.declaration import KEY, Category
from crawler.identity.ip_ranges import read_ip_ranges

Said = tuple[str, str]
"""What it is about, and what is wrong."""


def disagreements(twin: Mapping[str, Any], bodies: Mapping[str, bytes], now: datetime) -> Iterator[Said]:
    """Everything in which the files differ from bot.json. `bodies` are those that were there, by link."""
    identity, ranges = _rows(twin, Category.IDENTITY), _rows(twin, Category.IP_RANGES)
    if "page" in bodies:
        yield from _page(identity, bodies["page"])
    if "addresses" in bodies:
        yield from _addresses(ranges, bodies["addresses"])
    yield from _keys(identity, bodies.get("keys"), twin, now)
    number = twin.get("policy")
    if isinstance(number, int):
        for name, label in (("atom", "Atom feed"), ("json_feed", "JSON Feed")):
            if name in bodies and not _announces(bodies[name], number):
                yield label, f"does not announce policy {number}, which is in force"


def _rows(twin: Mapping[str, Any], category: Category) -> Mapping[str, Any]:
    found = twin.get(category.value)
    return found if isinstance(found, dict) else {}


def _page(identity: Mapping[str, Any], body: bytes) -> Iterator[Said]:
    """The page must name the crawler as robots.txt and logs do."""
    token = str(identity.get("product_token", ""))[:100]
    text = unescape(re.sub(r"<[^<>]{0,1000}>", "", body.decode("utf-8", "replace")))
    if not token:
        yield "bot.json", "names no product token"
    elif token not in text:
        yield "page", f"does not name the product token, {token}"
    elif not re.search(rf"user-agent:\s{{0,9}}{re.escape(token)}\b", text, re.IGNORECASE):
        yield "page", f"shows no line `User-agent: {token}` for robots.txt"


def _addresses(ranges: Mapping[str, Any], body: bytes) -> Iterator[Said]:
    try:
        found, _ = read_ip_ranges(json.loads(body))
    except (ValueError, RecursionError):
        return
    listed, declared = {str(prefix) for prefix in found}, set(map(str, ranges))
    for prefix in sorted(declared - listed)[:5]:
        yield "addresses", f"lacks {prefix[:60]}, which bot.json lists"
    for prefix in sorted(listed - declared)[:5]:
        yield "addresses", f"has {prefix[:60]}, which bot.json does not list"


def _keys(
    identity: Mapping[str, Any], body: bytes | None, twin: Mapping[str, Any], now: datetime
) -> Iterator[Said]:
    """Keys may be in the directory before bot.json lists them, never the other way round."""
    links = twin.get("links")
    if identity.get("signature_agent") and not (isinstance(links, dict) and links.get("keys")):
        yield "keys", "bot.json says that requests are signed, and links to no key directory"
    if body is None:
        return
    try:
        there = {str(key.get("kid")) for key in json.loads(body)["keys"]}
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        return
    for name, row in identity.items():
        kid = str(name).removeprefix(KEY)
        if str(name).startswith(KEY) and kid not in there and _lasts(row, now):
            yield "keys", f"the directory lacks {kid[:60]}, which bot.json lists"


def _lasts(row: object, now: datetime) -> bool:
    """Whether a key of bot.json has not ended."""
    try:
        until = datetime.fromisoformat(str(row["until"]))  # type: ignore[index]
        return now < (until if until.tzinfo else until.replace(tzinfo=UTC))
    except (ValueError, TypeError, LookupError):
        return False


def _announces(body: bytes, number: int) -> bool:
    """Whether an entry leads to the page of a version."""
    return bool(re.search(rb"/policy/%d/[\"'<\\]" % number, body))

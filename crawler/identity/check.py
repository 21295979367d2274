"""Testing what is published, as a verifier or a feed reader meets it, and advice before it is."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from crawler.config import Config
from crawler.doctor import Finding, Health
from crawler.identity import directory, feed
from crawler.identity.check_agree import disagreements
from crawler.identity.check_directory import check_directory
from crawler.identity.check_feed import check_atom, check_json_feed
from crawler.identity.declaration import Category, canonical, digest
from crawler.identity.ip_ranges import read_ip_ranges
from crawler.identity.keys import active, key_folder, load_keys
from crawler.network import (
    ACCEPT_ANY,
    AddressGuard,
    Answer,
    Client,
    NetworkError,
    identity_headers,
    read_proxies,
)

__all__ = ["Finding", "Health", "advice", "check_published"]

MAX_BYTES = 2 * 2**20
SOON = timedelta(days=14)
DAILY, STALE, SKEW = timedelta(hours=26), timedelta(days=7), timedelta(minutes=5)
"""How old an address file may be: renewed daily, with two hours' grace; given up; clocks that differ."""
JSON_TYPE = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Got:
    """One published file as it came."""

    url: str
    answer: Answer | None
    why: str = ""

    @property
    def media_type(self) -> str:
        """Without parameters, in lower case."""
        value = (self.answer.field("content-type") if self.answer else None) or ""
        return value.partition(";")[0].strip().lower()

    @property
    def body(self) -> bytes:
        """The body; empty where there was no answer."""
        return self.answer.body if self.answer else b""


Get = Callable[[str], Awaitable[Got]]


def bad(about: str, says: str) -> Finding:
    """A fault."""
    return Finding(health=Health.BAD, about=about, says=says)


def note(about: str, says: str) -> Finding:
    """Something to know."""
    return Finding(health=Health.NOTE, about=about, says=says)


def ok(about: str, says: str) -> Finding:
    """Something that is as it should be."""
    return Finding(health=Health.OK, about=about, says=says)


async def check_published(config: Config, url: str, now: datetime) -> list[Finding]:
    """Fetch and test everything that a published identity consists of."""
    guard = AddressGuard(
        allow_private=config.network.allow_private, proxies=read_proxies(config.network.proxy)
    )
    base = url.removesuffix("bot.json").rstrip("/") + "/"
    if unsafe := guard.check_url(base):
        return [bad("address", f"{base}: {unsafe.why}")]
    headers = identity_headers(config, accept=ACCEPT_ANY)
    async with Client(guard, headers, timeout=config.network.timeout) as client:

        async def get(place: str) -> Got:
            if unsafe := guard.check_url(place):
                return Got(url=place, answer=None, why=unsafe.why)
            try:
                return Got(url=place, answer=await client.get(place, cap=MAX_BYTES))
            except NetworkError as error:
                return Got(url=place, answer=None, why=error.why)

        return await check_all(base, get, now)


async def check_all(base: str, get: Get, now: datetime) -> list[Finding]:
    """Test everything below a base URL that `get` can fetch."""
    twin = await get(base + "bot.json")
    document, findings = read_twin(twin)
    given = document.get("links")
    links = given if isinstance(given, dict) else {}
    bodies: dict[str, bytes] = {}
    for name, default, check in _PARTS:
        place = links.get(name) or (base + default if default else "")
        if not place:
            continue
        if not isinstance(place, str) or not place.startswith(("https://", "http://")):
            findings.append(bad(name, f"bot.json links to {str(place)[:100]!r}"))
            continue
        got = await get(place)
        problem = answered(name, got)
        findings += [problem] if problem else check(got, now)
        if problem is None:
            bodies[name] = got.body
    # What bot.json says is held against the others only where it can be trusted itself.
    trusted = document and not any(f.health is Health.BAD for f in findings if f.about == "bot.json")
    said = disagreements(document, bodies, now) if trusted else ()
    return findings + [bad(about, says) for about, says in said]


def answered(name: str, got: Got) -> Finding | None:
    """The fault of an answer that is none, or no 200."""
    if got.answer is None:
        return bad(name, f"{got.url}: {got.why}")
    if got.answer.status != 200:
        hint = ": redirects are not followed by verifiers" if 300 <= got.answer.status < 400 else ""
        return bad(name, f"{got.url} answers {got.answer.status}{hint}")
    return None


def read_twin(got: Got) -> tuple[dict[str, Any], list[Finding]]:
    """bot.json and what is wrong with it."""
    if problem := answered("bot.json", got):
        return {}, [problem]
    try:
        document = json.loads(got.body)
    except (ValueError, RecursionError) as error:
        return {}, [bad("bot.json", f"not JSON: {error}")]
    if not isinstance(document, dict):
        return {}, [bad("bot.json", "not an object")]
    declared = {c.value: document[c.value] for c in Category if c.value in document}
    missing = sorted(set(Category) - declared.keys())
    if missing:
        return document, [bad("bot.json", f"says nothing about {', '.join(missing)}")]
    if digest(canonical(declared)) != document.get("sha256"):
        return document, [bad("bot.json", "is not what its sha256 says it is")]
    if got.media_type != JSON_TYPE:
        return document, [_wrong_type("bot.json", got, JSON_TYPE)]
    return document, [ok("bot.json", f"policy {document.get('policy')}, as its sha256 says")]


def _page(got: Got, now: datetime) -> Iterator[Finding]:
    if got.media_type != "text/html":
        yield _wrong_type("page", got, "text/html")
    text = got.body.decode("utf-8", "replace")
    for sign, says in (
        ('rel="client-ranges"', "links to no address file (rel=client-ranges)"),
        ("mailto:", "names no mail address"),
        (feed.ATOM_TYPE, "links to no feed"),
    ):
        if sign not in text:
            yield note("page", says)
    yield ok("page", got.url)


def _wrong_type(name: str, got: Got, wanted: str) -> Finding:
    return bad(name, f"is served as {got.media_type[:80] or 'nothing'}, not {wanted}")


def _addresses(got: Got, now: datetime) -> Iterator[Finding]:
    if got.media_type != JSON_TYPE:
        yield _wrong_type("addresses", got, JSON_TYPE)
    try:
        document = json.loads(got.body)
        prefixes, wrong = read_ip_ranges(document)
    except (ValueError, RecursionError) as error:
        yield bad("addresses", f"not JSON: {error}")
        return
    for problem in wrong:
        yield bad("addresses", problem)
    yield from _age(document, now)
    if not prefixes:
        yield note("addresses", "the list is empty: only a signature can tell our requests")
    else:
        yield ok("addresses", f"{len(prefixes)} ranges")


def _age(document: Any, now: datetime) -> Iterator[Finding]:
    """Consumers ask once a day; a list that nobody renews is one that nobody keeps (JAFAR)."""
    try:
        made = datetime.fromisoformat(document["creationTime"])
        age = now - (made if made.tzinfo else made.replace(tzinfo=UTC))
    except (ValueError, TypeError, LookupError):
        yield bad("addresses", "creationTime is no date of ISO 8601")
        return
    if age > STALE:
        yield bad("addresses", f"is stale: made {age.days} days ago; run `identity build` every day")
    elif age > DAILY:
        yield note("addresses", f"was made {age.total_seconds() / 3600:.0f} hours ago; renew it every day")
    elif age < -SKEW:
        yield bad("addresses", f"was made in the future, {document['creationTime'][:40]}")


def _directory(got: Got, now: datetime) -> Iterator[Finding]:
    wrong, soon = check_directory(got.url, got.body, got.answer.fields if got.answer else (), now)
    for problem in wrong:
        yield bad("keys", problem)
    for problem in soon:
        yield note("keys", problem)
    if not wrong:
        yield ok("keys", got.url)


def _card(got: Got, now: datetime) -> Iterator[Finding]:
    if got.media_type != JSON_TYPE:
        yield _wrong_type("card", got, JSON_TYPE)
    try:
        document = json.loads(got.body)
        fits = document["client_id"] == got.url and isinstance(document["web_bot_auth"], dict)
    except (ValueError, TypeError, LookupError, RecursionError):
        fits = False
    yield ok("card", got.url) if fits else bad("card", "client_id is not the card's own address")


def _atom(got: Got, now: datetime) -> Iterator[Finding]:
    yield from _feed("Atom feed", got, feed.ATOM_TYPE, check_atom(got.body, got.url))


def _json_feed(got: Got, now: datetime) -> Iterator[Finding]:
    yield from _feed("JSON Feed", got, feed.JSON_TYPE, check_json_feed(got.body, got.url))


def _feed(name: str, got: Got, media_type: str, wrong: list[str]) -> Iterator[Finding]:
    if got.media_type in _ALSO.get(media_type, ()):
        yield note(name, f"is served as {got.media_type}; {media_type} is its own type")
    elif got.media_type != media_type:
        yield _wrong_type(name, got, media_type)
    for problem in wrong:
        yield bad(name, problem)
    if not wrong:
        yield ok(name, got.url)


_ALSO = {
    feed.ATOM_TYPE: ("application/xml", "text/xml"),
    feed.JSON_TYPE: ("application/json",),
}
"""Types that readers take for a feed's own."""
_PARTS: tuple[tuple[str, str, Callable[[Got, datetime], Iterator[Finding]]], ...] = (
    ("page", "bot/", _page),
    ("addresses", "bot/ips.json", _addresses),
    ("keys", "", _directory),
    ("card", "", _card),
    ("atom", feed.ATOM_PATH, _atom),
    ("json_feed", feed.JSON_PATH, _json_feed),
)


def advice(config: Config, now: datetime) -> list[str]:
    """What an operator should know before uploading."""
    said = []
    section, base = config.identity, config.publish.base_url
    if section.signature_agent:
        if urlsplit(base).netloc != urlsplit(section.signature_agent).netloc:
            said.append(f"{directory.PATH} belongs on {section.signature_agent}, not on {base}")
        keys = load_keys(key_folder(config))
        key, last = active(keys, now), max((k.expires for k in keys), default=now)
        if key is None:
            said.append("no key may sign now; `forbear identity rotate-key` makes one")
        elif last - now < SOON:
            said.append(f"the last signing key ends on {last.astimezone(UTC):%Y-%m-%d}; rotate it")
    else:
        said.append("requests are not signed; set [identity] signature_agent, then rotate-key")
    if not section.ip_prefixes:
        said.append("no addresses are published; set [identity] ip_prefixes if you crawl from fixed ones")
    if not (section.pages_kept and section.decisions_kept):
        said.append(
            "the page does not say how long things are kept; set [identity] pages_kept, decisions_kept"
        )
    if not config.crawler.info_url.startswith(base.rstrip("/") + "/bot"):
        said.append(f"info_url is {config.crawler.info_url}; the page is at {base.rstrip('/')}/bot/")
    return said

"""Publishing who we are: a version is recorded with its notices, then everything is written as files.

The files are a function of what was recorded, the keys and the moment, so `identity build` can be run
daily: it then writes today's directory signature and puts announced changes in force on their day.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

from crawler.config import Config, ConfigError
from crawler.identity import directory, feed
from crawler.identity.bot_page import (
    NAV,
    Published,
    as_bytes,
    bot_json,
    bot_page,
    change_page,
    changes_page,
)
from crawler.identity.card import CARD_PATH, card
from crawler.identity.changes import Announcement, notices_of
from crawler.identity.declaration import (
    Category,
    Declaration,
    canonical,
    declare,
    digest,
    without_keys,
)
from crawler.identity.ip_ranges import ip_ranges, read_prefixes
from crawler.identity.keys import key_folder, load_keys, published
from crawler.identity.required import UnpublishedError
from crawler.store.database import Connection
from crawler.store.publications import add_publication
from crawler.store.queries.publications import Publication, notices, publications

PAGE_TYPE = "text/html; charset=utf-8"
JSON_TYPE = "application/json"
PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self' data:; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One file of the published site, with the header it is to be served with."""

    path: str
    """Below the base URL, without a slash in front."""
    body: bytes = field(repr=False)
    headers: Mapping[str, str]


def announce(
    connection: Connection, config: Config, now: datetime, effective: datetime | None = None
) -> Publication | None:
    """Record a new version with its notices if there is something new to say; None if there is not.

    It takes effect at `effective`, else after the configured notice; the first version at once.
    """
    config_for_publishing(config)
    versions, declared = publications(connection), declare(config)
    text, now = canonical(declared), now.astimezone(UTC).replace(microsecond=0)
    if versions and versions[-1].sha256 == digest(text):
        return None
    before: Declaration | None = json.loads(versions[-1].canonical) if versions else None
    starts = effective.astimezone(UTC) if effective else now + _notice(config, before, json.loads(text))
    starts = max(now, starts, *(v.effective_at for v in versions[-1:]))
    version = Publication(
        number=len(versions) + 1, sha256=digest(text), canonical=text, published_at=now, effective_at=starts
    )
    announced = Announcement(number=version.number, published_at=now, effective_at=starts)
    add_publication(
        connection, version, notices_of(before, json.loads(text), announced, config.publish.base_url)
    )
    return version


def site(
    connection: Connection, config: Config, now: datetime, nav: tuple[tuple[str, str, str], ...] = NAV
) -> tuple[File, ...]:
    """All files of the published site. Raises ConfigError where nothing was published yet."""
    versions = publications(connection)
    if not versions:
        raise UnpublishedError("nothing was published yet; run: forbear identity build --out DIR")
    seen = Published(
        versions=versions,
        notices=notices(connection),
        base_url=config.publish.base_url,
        card=config.identity.card,
        now=now,
        nav=nav,
    )
    return (*_pages(seen), *_documents(seen, config), *_keys(config, now), *_static())


def config_for_publishing(config: Config) -> None:
    """Raise ConfigError unless the settings that every page needs are there."""
    config.require_identity()
    base = config.publish.base_url
    if base and not base.startswith("https://"):
        raise ConfigError(
            f"[publish] base_url = {base[:200]!r} is no https address; who we are is published over https"
        )
    if not base:
        raise ConfigError(
            'to publish who we are, set [publish] base_url = "https://bot.example.org": feeds need addresses'
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What became of the files of a build."""

    paths: tuple[Path, ...]
    """All files of the site, in order."""
    changed: tuple[Path, ...]
    """Those that were written: the others held these very bytes already."""


def write_site(wanted: Iterable[File], out: Path) -> Written:
    """Write the files that differ from what is there, each whole or not at all. Raises OSError."""
    paths, changed, rules = [], [], []
    for file in wanted:
        paths.append(out / file.path)
        rules.append(header_rule(file))
        if _replaced(paths[-1], file.body):
            changed.append(paths[-1])
    paths.append(out / "_headers")
    if _replaced(paths[-1], "".join(rules).encode()):
        changed.append(paths[-1])
    return Written(paths=tuple(paths), changed=tuple(changed))


def _replaced(path: Path, body: bytes) -> bool:
    """Write a file unless it holds these very bytes; whether it was written."""
    if path.is_file() and path.stat().st_size == len(body) and path.read_bytes() == body:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.new")
    aside.write_bytes(body)
    aside.replace(path)
    return True


def _notice(config: Config, before: Declaration | None, after: Declaration) -> timedelta:
    """How long ahead a change is announced: not the first version, and not keys, which carry their dates."""
    if before is None or without_keys(before) == without_keys(after):
        return timedelta()
    return timedelta(seconds=config.identity.notice)


def header_rule(file: File) -> str:
    """The header of a file in the form that several static hosts read: path, then lines."""
    path = "/" + file.path.removesuffix("index.html")
    return "".join(f"{line}\n" for line in (path, *(f"  {k}: {v}" for k, v in file.headers.items())))


def _pages(seen: Published) -> list[File]:
    base = seen.base_url.rstrip("/")
    links = ", ".join(
        (
            f'<{base}/bot/ips.json>; rel="client-ranges"',
            f'<{base}/{feed.ATOM_PATH}>; rel="alternate"; type="{feed.ATOM_TYPE}"',
        )
    )
    pages = [("bot/index.html", bot_page(seen)), ("changes/index.html", changes_page(seen))]
    pages += [(f"policy/{v.number}/index.html", change_page(seen, v)) for v in seen.versions]
    headers = {"Content-Type": PAGE_TYPE, "Link": links, **PAGE_HEADERS}
    return [File(path=path, body=text.encode(), headers=headers) for path, text in pages]


def _documents(seen: Published, config: Config) -> list[File]:
    current, declared = seen.current, json.loads(seen.current.canonical)
    prefixes = read_prefixes(declared[Category.IP_RANGES], allow_private=True)
    ranges = ip_ranges(prefixes, config.crawler.product_token, seen.now)
    found = [
        _file("bot.json", as_bytes(bot_json(seen, current)), JSON_TYPE),
        _file("bot/ips.json", as_bytes(ranges), JSON_TYPE),
        _file(feed.ATOM_PATH, feed.atom(config, seen.notices), feed.ATOM_TYPE),
        _file(feed.JSON_PATH, feed.json_feed(config, seen.notices), feed.JSON_TYPE),
    ]
    found += [_file(f"policy/{v.number}.json", v.canonical.encode(), JSON_TYPE) for v in seen.versions]
    if seen.card:
        found.append(_file(CARD_PATH, as_bytes(card(config)), JSON_TYPE))
    return found


def _keys(config: Config, now: datetime) -> list[File]:
    agent = config.identity.signature_agent
    if not agent:
        return []
    keys = published(load_keys(key_folder(config)), now)
    body = directory.directory(keys)
    headers = directory.response_headers(body, keys, agent, now)
    return [File(path=directory.PATH.lstrip("/"), body=body, headers=headers)]


def _static() -> list[File]:
    folder = files("crawler.web").joinpath("static")
    types = {"forbear.css": "text/css; charset=utf-8", "mark.svg": "image/svg+xml"}
    return [
        _file(f"static/{name}", folder.joinpath(name).read_bytes(), media_type)
        for name, media_type in types.items()
    ]


def _file(path: str, body: bytes, media_type: str) -> File:
    headers: dict[str, Any] = {
        "Content-Type": media_type,
        "Cache-Control": "public, max-age=3600",
        "Access-Control-Allow-Origin": "*",
    }
    return File(path=path, body=body, headers=headers)

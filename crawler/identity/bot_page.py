"""The page about the crawler in plain words, the pages of its changes, and the JSON twin.

Everything comes out of a declaration as it was published, so the page of an old version can be made
again, and what is promised (retention, deadlines) is the operator's configuration or is not there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, lru_cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from crawler.identity import wording
from crawler.identity.card import CARD_PATH, contact_uri
from crawler.identity.declaration import Category, Declaration, dated_table
from crawler.identity.directory import PATH as DIRECTORY_PATH
from crawler.identity.feed import ATOM_PATH, JSON_PATH, policy_page
from crawler.identity.to_do import to_do
from crawler.present import dumps, moment
from crawler.store.queries.publications import Notice, Publication, in_force

Json = dict[str, Any]
NAV = (("Who we are", "bot/", "bot"), ("Changes", "changes/", "changes"))
"""Navigation of a static site; `serve` gives its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """All that was published, seen at one moment: what the pages are made from."""

    versions: tuple[Publication, ...]
    """Oldest first; at least one."""
    notices: tuple[Notice, ...]
    """Newest first."""
    base_url: str
    card: bool
    now: datetime
    nav: tuple[tuple[str, str, str], ...] = NAV
    """Name, address below the base URL, key."""

    @property
    def current(self) -> Publication:
        """The version in force; the first one where none is yet."""
        return in_force(self.versions, self.now) or self.versions[0]

    @property
    def coming(self) -> tuple[Notice, ...]:
        """Announced changes whose day has not come, oldest first."""
        return tuple(n for n in reversed(self.notices) if n.effective_at > self.now)

    def since(self, category: str, key: str, declared: str) -> str:
        """From when at the latest a row has held: never earlier than it was published."""
        for version in self.versions:
            if key in parsed(version.canonical).get(category, {}):
                return max(declared, f"{version.effective_at:%Y-%m-%d}")
        return declared


@lru_cache(maxsize=512)
def parsed(text: str) -> Declaration:
    """A declaration from its canonical form; not to be changed."""
    declared: Declaration = json.loads(text)
    return declared


def bot_json(published: Published, version: Publication) -> Json:
    """The twin of the page: the declaration, with its number, digest, dates and links."""
    declared = parsed(version.canonical)
    signed = "signature_agent" in declared[Category.IDENTITY]
    links = {
        "page": "bot/",
        "addresses": "bot/ips.json",
        "changes": "changes/",
        "atom": ATOM_PATH,
        "json_feed": JSON_PATH,
        "version": policy_page(version.number),
        "canonical": f"policy/{version.number}.json",
    }
    base = published.base_url.rstrip("/") + "/"
    found: Json = {name: base + path for name, path in links.items()}
    if published.card:
        found["card"] = base + CARD_PATH
    if signed:
        found["keys"] = f"{declared[Category.IDENTITY]['signature_agent']}{DIRECTORY_PATH}"
    return {
        "policy": version.number,
        "sha256": version.sha256,
        "published_at": moment(version.published_at),
        "effective_at": moment(version.effective_at),
        "links": found,
        "robots_txt_examples": {name: "\n".join(lines) for name, lines in examples(declared).items()},
        "honoured_since": {
            category.value: {row["key"]: row["since"] for row in _dated(published, category, declared)}
            for category in (Category.PROTOCOLS, Category.ROBOTS)
        },
        **declared,
    }


def examples(declared: Declaration) -> Mapping[str, tuple[str, ...]]:
    """Lines for robots.txt that keep us out, each whole as it stands."""
    token = declared[Category.IDENTITY]["product_token"]
    return {
        "keep_out": (f"User-agent: {token}", "Disallow: /"),
        "reserve_ai_training": ("User-agent: *", "Allow: /", "Content-Usage: train-ai=n"),
    }


def bot_page(published: Published, root: str = "../") -> str:
    """The page about the crawler; `root` leads from it to the base URL."""
    version = published.current
    declared = parsed(version.canonical)
    return _render(
        "bot.html",
        published,
        root,
        here="bot",
        d=declared,
        version=version,
        examples=examples(declared),
        keys=_keys(parsed(published.versions[-1].canonical)[Category.IDENTITY], published.now),
        protocols=_dated(published, Category.PROTOCOLS, declared),
        features=_dated(published, Category.ROBOTS, declared),
        **{k: wording.in_text(Category.PURPOSES, k, v) for k, v in declared[Category.PURPOSES].items()},
    )


def change_page(published: Published, version: Publication, root: str = "../../") -> str:
    """The page of one version: what changed with it, from when."""
    notices = [n for n in published.notices if n.number == version.number][::-1]
    before = next((v for v in published.versions if v.number == version.number - 1), None)
    asked = to_do(parsed(before.canonical) if before else None, parsed(version.canonical))
    return _render(
        "change.html",
        published,
        root,
        here="changes",
        version=version,
        notices=notices,
        before=before,
        to_do=asked,
    )


def changes_page(published: Published, root: str = "../") -> str:
    """The list of all changes, newest first."""
    return _render("changes.html", published, root, here="changes")


def _render(template: str, published: Published, root: str, **values: Any) -> str:
    declared = values.get("d") or parsed(published.current.canonical)
    identity = declared[Category.IDENTITY]
    return (
        _templates()
        .get_template(template)
        .render(
            published=published,
            root=root,
            bot=identity["product_token"],
            operator=identity["operator"] or "its operator",
            contact=declared[Category.CONTACT]["contact"],
            base=published.base_url.rstrip("/") + "/",
            **values,
        )
    )


def _dated(published: Published, category: Category, declared: Any) -> list[Json]:
    found = []
    order = list(dated_table()["robots" if category is Category.ROBOTS else "protocols"])
    rows = declared[category].items()
    for key, row in sorted(rows, key=lambda r: order.index(r[0]) if r[0] in order else len(order)):
        since = published.since(category, key, row["since"])
        found.append({**row, "key": key, "label": wording.label(category, key, row), "since": since})
    return found


def _keys(identity: Mapping[str, Any], now: datetime) -> list[Json]:
    found: list[Json] = []
    for name, value in identity.items():
        if name.startswith("key "):
            begins, ends = (datetime.fromisoformat(value[word]) for word in ("from", "until"))
            kid = name.removeprefix("key ")
            found.append({"kid": kid, "from": begins, "until": ends, "now": begins <= now})
    return sorted((key for key in found if now < key["until"]), key=lambda k: k["from"])


def address_of(contact: str) -> str:
    """Where a contact or a complaint goes: an address to link to, or nothing."""
    uri = contact_uri(contact)
    return uri if uri.startswith(("mailto:", "https://", "http://")) else ""


@cache
def _templates() -> Environment:
    made = Environment(
        loader=PackageLoader("crawler.identity"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "day": wording.day,
        "when": wording.when,
        "short_day": wording.short_day,
        "isodate": lambda value: value.isoformat() if isinstance(value, date) else value,
        "address_of": address_of,
        "headline": lambda notice: wording.headline(notice.title),
        "category": lambda value: wording.CATEGORIES[Category(value)],
    }
    return made


def as_bytes(value: Json) -> bytes:
    """A document as it is served."""
    return (dumps(value) + "\n").encode()


__all__ = ["Published", "as_bytes", "bot_json", "bot_page", "change_page", "changes_page"]

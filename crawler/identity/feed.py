"""Every change as a feed: Atom (RFC 4287) and JSON Feed 1.1, whole and in one document each.

The feed is complete (RFC 5005 section 2), so that nobody who looks once a year misses a change. An
entry must make sense in a reader that shows none of our design: a sentence, then a plain table.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from html import escape
from typing import Any
from xml.etree import ElementTree as ET

from crawler.config import Config
from crawler.identity import wording
from crawler.identity.declaration import Category
from crawler.present import dumps
from crawler.store.queries.publications import Notice

ATOM = "http://www.w3.org/2005/Atom"
HISTORY = "http://purl.org/syndication/history/1.0"
ATOM_TYPE = "application/atom+xml"
JSON_TYPE = "application/feed+json"
JSON_VERSION = "https://jsonfeed.org/version/1.1"
ATOM_PATH, JSON_PATH, PAGE_PATH = "feeds/policy.atom", "feeds/policy.json", "changes/"
SUBTITLE = (
    "Identity, addresses, robots.txt features, reservation protocols, lists, purposes and contact, "
    "announced here before they take effect"
)
# What XML 1.0 section 2.2 cannot hold, not even escaped.
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def policy_page(number: int) -> str:
    """Where the page of a version lies, below the base URL."""
    return f"policy/{number}/"


def atom(config: Config, notices: Sequence[Notice]) -> bytes:
    """The Atom feed. `notices` are newest first; there is at least one."""
    base, feed = _base(config), ET.Element(f"{{{ATOM}}}feed")
    feed.set("{http://www.w3.org/XML/1998/namespace}lang", "en")
    _text(feed, "id", feed_id(notices))
    _text(feed, "title", _title(config))
    _text(feed, "subtitle", SUBTITLE)
    _text(feed, "updated", _moment(max(n.published_at for n in notices)))
    author = ET.SubElement(feed, f"{{{ATOM}}}author")
    _text(author, "name", config.operator.name or config.crawler.product_token)
    if "@" in config.operator.contact:
        _text(author, "email", config.operator.contact)
    _link(feed, "self", ATOM_TYPE, base + ATOM_PATH)
    _link(feed, "alternate", "text/html", base + PAGE_PATH)
    ET.SubElement(feed, f"{{{HISTORY}}}complete")
    for notice in notices:
        _entry(feed, notice, base)
    ET.register_namespace("", ATOM)
    ET.register_namespace("fh", HISTORY)
    ET.indent(feed)
    body: bytes = ET.tostring(feed, encoding="utf-8", xml_declaration=True)
    return body + b"\n"


def json_feed(config: Config, notices: Sequence[Notice]) -> bytes:
    """The same as JSON Feed, with the changes once more for machines under `_crawler_policy`."""
    base = _base(config)
    author = {"name": config.operator.name or config.crawler.product_token}
    document: dict[str, Any] = {
        "version": JSON_VERSION,
        "title": _title(config),
        "description": SUBTITLE,
        "home_page_url": base + PAGE_PATH,
        "feed_url": base + JSON_PATH,
        "language": "en",
        "authors": [author],
        "items": [_item(notice, base) for notice in notices],
    }
    return (dumps(document) + "\n").encode()


def feed_id(notices: Sequence[Notice]) -> str:
    """The feed's tag: of the host and day of the first entry, so that it outlives a move."""
    return notices[-1].entry_id.rpartition(":")[0] + ":feed/policy"


def sentence(notice: Notice) -> str:
    """What a reader without our design shows first."""
    dates = (
        f"Announced {wording.day(notice.published_at)}, in force {wording.day(notice.effective_at)}, "
        f"policy{wording.NBSP}{notice.number}."
    )
    rows = " ".join(f"{name}. Before: {before}. After: {after}." for name, before, after in notice.changes)
    return f"{notice.title}. {dates} {rows}".strip()


def table(notice: Notice) -> str:
    """The entry as HTML; every word of it escaped."""
    said = f"<p>{escape(sentence(notice) if not notice.changes else _lead(notice))}</p>"
    if not notice.changes:
        return said
    head = "".join(f"<th>{name}</th>" for name in ("", "Before", "After"))
    rows = "".join(
        f"<tr><th>{escape(name)}</th><td>{escape(before)}</td><td>{escape(after)}</td></tr>"
        for name, before, after in notice.changes
    )
    return f"{said}<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _lead(notice: Notice) -> str:
    return sentence(replace(notice, changes=()))


def _entry(feed: ET.Element, notice: Notice, base: str) -> None:
    entry = ET.SubElement(feed, f"{{{ATOM}}}entry")
    _text(entry, "id", notice.entry_id)
    _text(entry, "title", notice.title)
    _text(entry, "published", _moment(notice.published_at))
    _text(entry, "updated", _moment(notice.published_at))
    _link(entry, "alternate", "text/html", base + policy_page(notice.number))
    category = ET.SubElement(entry, f"{{{ATOM}}}category", term=notice.category)
    category.set("label", wording.CATEGORIES[Category(notice.category)])
    _text(entry, "summary", sentence(notice), type="text")
    _text(entry, "content", table(notice), type="html")


def _item(notice: Notice, base: str) -> dict[str, Any]:
    return {
        "id": notice.entry_id,
        "url": base + policy_page(notice.number),
        "title": notice.title,
        "content_text": sentence(notice),
        "content_html": table(notice),
        "date_published": _moment(notice.published_at),
        "date_modified": _moment(notice.published_at),
        "tags": [notice.category],
        "_crawler_policy": {
            "policy": notice.number,
            "category": notice.category,
            "effective_at": _moment(notice.effective_at),
            "changes": [
                {"what": name, "before": before, "after": after} for name, before, after in notice.changes
            ],
        },
    }


def _title(config: Config) -> str:
    return f"Changes to {config.crawler.product_token}"


def _base(config: Config) -> str:
    return config.publish.base_url.rstrip("/") + "/"


def _moment(value: datetime) -> str:
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _text(parent: ET.Element, name: str, text: str, **attributes: str) -> None:
    ET.SubElement(parent, f"{{{ATOM}}}{name}", attributes).text = _ILLEGAL.sub("\ufffd", text)


def _link(parent: ET.Element, rel: str, media_type: str, href: str) -> None:
    ET.SubElement(parent, f"{{{ATOM}}}link", rel=rel, type=media_type, href=_ILLEGAL.sub("\ufffd", href))

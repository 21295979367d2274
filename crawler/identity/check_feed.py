"""The MUSTs of RFC 4287 and JSON Feed 1.1 that a producer can break, as a list of what is broken."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import Element

from defusedxml import ElementTree as SafeET  # type: ignore[import-untyped]
from defusedxml.common import DefusedXmlException  # type: ignore[import-untyped]

from crawler.identity.feed import ATOM, JSON_VERSION

_A = f"{{{ATOM}}}"
_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")
_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S+")


def check_atom(body: bytes, url: str = "") -> list[str]:
    """What is wrong with an Atom feed; empty where nothing is."""
    try:
        root = SafeET.fromstring(body)
    except (SafeET.ParseError, DefusedXmlException, ValueError) as error:
        return [f"not XML: {error}"]
    if root.tag != _A + "feed":
        return [f"the root is {root.tag[:60]}, not atom:feed (4.1.1)"]
    entries = root.findall(_A + "entry")
    wrong = [*_common(root, "feed"), *_authors(root, entries), *_self(root, url)]
    for number, entry in enumerate(entries, 1):
        wrong += [*_common(entry, f"entry {number}"), *_content(entry, f"entry {number}")]
    ids = [entry.findtext(_A + "id") for entry in entries]
    pairs = [(i, entry.findtext(_A + "updated")) for i, entry in zip(ids, entries, strict=True)]
    if len(set(pairs)) != len(pairs):
        wrong.append("two entries have one id and one date (4.1.1)")
    return wrong


def check_json_feed(body: bytes, url: str = "") -> list[str]:
    """What is wrong with a JSON Feed; empty where nothing is."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        return [f"not JSON: {error}"]
    if not isinstance(document, dict):
        return ["not an object"]
    wrong = []
    if document.get("version") != JSON_VERSION:
        wrong.append(f"version is not {JSON_VERSION}")
    if not isinstance(document.get("title"), str):
        wrong.append("no title")
    if url and document.get("feed_url") != url:
        wrong.append(f"feed_url is {str(document.get('feed_url'))[:200]}, not {url}")
    items = document.get("items")
    if not isinstance(items, list):
        return [*wrong, "no items"]
    for number, item in enumerate(items, 1):
        wrong += [f"item {number}: {says}" for says in _item(item)]
    if len({str(item.get("id")) for item in items if isinstance(item, dict)}) != len(items):
        wrong.append("two items have one id")
    return wrong


def _common(element: Element, name: str) -> Iterator[str]:
    for part, section in (("id", "4.2.6"), ("title", "4.2.14"), ("updated", "4.2.15")):
        found = element.findall(_A + part)
        if len(found) != 1:
            yield f"{name} has {len(found)} {part} ({section})"
    identifier = element.findtext(_A + "id") or ""
    if not _IRI.fullmatch(identifier):
        yield f"{name}: id {identifier[:80]!r} is no absolute IRI (4.2.6)"
    for part in ("updated", "published"):
        for date in element.findall(_A + part):
            if not _DATE.fullmatch(date.text or ""):
                yield f"{name}: {part} {str(date.text)[:40]!r} is no RFC 3339 date (3.3)"
    for link in element.findall(_A + "link"):
        if not link.get("href"):
            yield f"{name}: a link without href (4.2.7.1)"
    alternates = [
        (link.get("type"), link.get("hreflang"))
        for link in element.findall(_A + "link")
        if link.get("rel", "alternate") == "alternate"
    ]
    if len(set(alternates)) != len(alternates):
        yield f"{name}: two alternate links of one type and language (4.1.1)"
    for category in element.findall(_A + "category"):
        if not category.get("term"):
            yield f"{name}: a category without term (4.2.2.1)"


def _authors(feed: Element, entries: list[Element]) -> Iterator[str]:
    if feed.find(_A + "author") is None and any(e.find(_A + "author") is None for e in entries):
        yield "no author in the feed, nor in every entry (4.1.1)"
    for author in feed.iter(_A + "author"):
        if len(author.findall(_A + "name")) != 1:
            yield "an author without exactly one name (3.2.1)"


def _self(feed: Element, url: str) -> Iterator[str]:
    own = [link.get("href") for link in feed.findall(_A + "link") if link.get("rel") == "self"]
    if len(own) != 1:
        yield "no link to itself (4.1.1)"
    elif url and own[0] != url:
        yield f"says it is {str(own[0])[:200]}, not {url} (4.1.1)"


def _content(entry: Element, name: str) -> Iterator[str]:
    content = entry.find(_A + "content")
    alternate = any(link.get("rel", "alternate") == "alternate" for link in entry.findall(_A + "link"))
    if content is None and not alternate:
        yield f"{name}: neither content nor an alternate link (4.1.2)"
    for text in (entry.find(_A + part) for part in ("title", "summary", "content")):
        if text is None:
            continue
        kind = text.get("type", "text")
        if kind in ("text", "html") and len(text):
            yield f"{name}: type {kind} with elements in it (3.1.1)"
    if content is not None and content.get("src") and entry.find(_A + "summary") is None:
        yield f"{name}: content elsewhere, and no summary (4.1.2)"


def _item(item: Any) -> Iterator[str]:
    if not isinstance(item, dict):
        yield "not an object"
        return
    if not isinstance(item.get("id"), str) or not item["id"]:
        yield "no id"
    if not any(isinstance(item.get(name), str) for name in ("content_html", "content_text")):
        yield "no content"
    for name in ("date_published", "date_modified"):
        if name in item and not _DATE.fullmatch(str(item[name])):
            yield f"{name} is no RFC 3339 date"

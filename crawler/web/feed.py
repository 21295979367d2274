"""The Atom feed of one domain (RFC 4287): reservations that began or ended, and the answer as it stands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from xml.etree import ElementTree

from crawler.store.queries.lookup import Lookup
from crawler.web.because import place
from crawler.web.hostile import plain
from crawler.web.language import Language

ATOM = "http://www.w3.org/2005/Atom"
MAX_ENTRIES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing a reader is told."""

    id: str
    title: str
    text: str
    updated: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """Who publishes what, where."""

    base_url: str
    host: str
    bot: str
    operator: str
    email: str


def domain_feed(feed: Feed, answer: Lookup, sentence: str, speech: Language) -> bytes:
    """The feed as XML. Everything from outside is text, and no character in it is illegal in XML."""
    entries = sorted(_entries(feed, answer, sentence, speech), key=lambda e: e.updated, reverse=True)
    updated = entries[0].updated if entries else datetime(1970, 1, 1, tzinfo=UTC)
    address = f"{feed.base_url}/d/{feed.host}"
    root = ElementTree.Element("feed", {"xmlns": ATOM, "xml:lang": speech.code})
    _text(root, "id", _tag(feed, answer, "feed"))
    _text(root, "title", f"{feed.bot}: {plain(feed.host)}")
    _text(root, "updated", _when(updated))
    author = ElementTree.SubElement(root, "author")
    _text(author, "name", feed.operator)
    if feed.email:
        _text(author, "email", feed.email)
    ElementTree.SubElement(root, "link", rel="self", type="application/atom+xml", href=f"{address}.atom")
    ElementTree.SubElement(root, "link", rel="alternate", type="text/html", href=address)
    for entry in entries[:MAX_ENTRIES]:
        _append(root, entry, address)
    body: bytes = ElementTree.tostring(root, "utf-8")
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + body + b"\n"


def _entries(feed: Feed, answer: Lookup, sentence: str, speech: Language) -> Iterator[Entry]:
    when = answer.last or answer.recorded_from
    if when is not None:
        yield Entry(id=_tag(feed, answer, "answer"), title=plain(sentence, 200), text=sentence, updated=when)
    for row in answer.reservations:
        where = place(speech, row.kind, row.line).striptags()
        quote = plain(row.quote)
        name = f"reservation/{row.id}"
        yield Entry(
            id=_tag(feed, answer, name),
            title=f"{plain(row.origin)}: {where}, {row.code}",
            text=f"Reservation seen: {where} of {plain(row.origin)} says “{quote}” ({row.code}).",
            updated=row.first_seen,
        )
        if row.ended_at is not None:
            yield Entry(
                id=_tag(feed, answer, name + "/ended"),
                title=f"{plain(row.origin)}: {where} no longer says so ({row.code})",
                text=f"Reservation ended: {where} of {plain(row.origin)} said “{quote}”.",
                updated=row.ended_at,
            )


def _append(root: ElementTree.Element, entry: Entry, address: str) -> None:
    element = ElementTree.SubElement(root, "entry")
    _text(element, "id", entry.id)
    _text(element, "title", entry.title)
    _text(element, "updated", _when(entry.updated))
    ElementTree.SubElement(element, "link", rel="alternate", type="text/html", href=address)
    content = ElementTree.SubElement(element, "content", type="text")
    content.text = plain(entry.text, 4000)


def _tag(feed: Feed, answer: Lookup, name: str) -> str:
    # A tag keeps its year for ever (RFC 4151): the one in which this record began.
    publisher = feed.base_url.partition("://")[2].partition("/")[0].partition(":")[0] or "localhost"
    year = answer.recorded_from.year if answer.recorded_from else 2026
    return f"tag:{publisher},{year}:d/{plain(feed.host)}/{name}"


def _text(parent: ElementTree.Element, name: str, value: str) -> None:
    ElementTree.SubElement(parent, name).text = value


def _when(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

"""The feeds of one domain, as Atom (RFC 4287) and JSON Feed 1.1: reservations that began or ended, and
the answer as it stands. The same bytes whether they are served or written as files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree

from crawler.config import Config
from crawler.present import dumps
from crawler.store.database import Connection
from crawler.store.queries.lookup import Lookup, LookupFilter
from crawler.web.answers import domain_answer
from crawler.web.because import place
from crawler.web.domain_view import domain_view
from crawler.web.hostile import plain
from crawler.web.language import Language

ATOM = "http://www.w3.org/2005/Atom"
ATOM_TYPE = "application/atom+xml"
JSON_TYPE = "application/feed+json"
JSON_VERSION = "https://jsonfeed.org/version/1.1"
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
    """Who tells what about which site."""

    base_url: str
    host: str
    bot: str
    operator: str
    email: str
    language: str
    entries: tuple[Entry, ...]
    """Newest first."""
    year: int
    """In which this record began."""

    @property
    def title(self) -> str:
        """What the list of a reader shows."""
        return f"{self.bot}: {plain(self.host)}"

    @property
    def page(self) -> str:
        """The page that says the same."""
        prefix = "" if self.language == "en" else f"/{self.language}"
        return f"{self.base_url}{prefix}/d/{self.host}"

    def own(self, form: str) -> str:
        """Where this feed is: `form` is atom or json. Only the English one is also written as a file."""
        if self.language != "en":
            return f"{self.page}.{form}"
        return f"{self.base_url}/feeds/{self.host}.{form}"

    def tag(self, name: str) -> str:
        """An id that never changes: a tag keeps its year for ever (RFC 4151)."""
        publisher = self.base_url.partition("://")[2].partition("/")[0].partition(":")[0] or "localhost"
        return f"tag:{publisher},{self.year}:d/{plain(self.host)}/{name}"

    @property
    def updated(self) -> datetime:
        """When something was last told."""
        return self.entries[0].updated if self.entries else datetime(1970, 1, 1, tzinfo=UTC)


def feed_of(connection: Connection, config: Config, host: str, base_url: str, speech: Language) -> Feed:
    """The feed of a domain, from the record."""
    view = domain_view(connection, LookupFilter(subject=host), speech)
    bot = config.crawler.product_token or "This crawler"
    sentence = domain_answer(view, bot, speech).striptags()
    found = sorted(_entries(view.answer, sentence, speech), key=lambda e: e.updated, reverse=True)
    return Feed(
        base_url=base_url.rstrip("/"),
        host=host,
        bot=bot,
        operator=config.operator.name or "the operator",
        email=config.operator.contact,
        language=speech.code,
        entries=tuple(found[:MAX_ENTRIES]),
        year=view.answer.recorded_from.year if view.answer.recorded_from else 2026,
    )


def atom(feed: Feed) -> bytes:
    """The feed as XML. Everything from outside is text, and no character in it is illegal in XML."""
    root = ElementTree.Element("feed", {"xmlns": ATOM, "xml:lang": feed.language})
    _text(root, "id", feed.tag("feed"))
    _text(root, "title", feed.title)
    _text(root, "updated", _when(feed.updated))
    author = ElementTree.SubElement(root, "author")
    _text(author, "name", plain(feed.operator))
    if "@" in feed.email:
        _text(author, "email", plain(feed.email))
    ElementTree.SubElement(root, "link", rel="self", type=ATOM_TYPE, href=feed.own("atom"))
    ElementTree.SubElement(root, "link", rel="alternate", type="text/html", href=feed.page)
    for entry in feed.entries:
        element = ElementTree.SubElement(root, "entry")
        _text(element, "id", feed.tag(entry.id))
        _text(element, "title", entry.title)
        _text(element, "updated", _when(entry.updated))
        ElementTree.SubElement(element, "link", rel="alternate", type="text/html", href=feed.page)
        content = ElementTree.SubElement(element, "content", type="text")
        content.text = plain(entry.text, 4000)
    body: bytes = ElementTree.tostring(root, "utf-8")
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + body + b"\n"


def json_feed(feed: Feed) -> bytes:
    """The same as JSON Feed (https://www.jsonfeed.org/version/1.1/)."""
    document: dict[str, Any] = {
        "version": JSON_VERSION,
        "title": feed.title,
        "home_page_url": feed.page,
        "feed_url": feed.own("json"),
        "language": feed.language,
        "authors": [{"name": plain(feed.operator)}],
        "items": [
            {
                "id": feed.tag(entry.id),
                "url": feed.page,
                "title": entry.title,
                "content_text": plain(entry.text, 4000),
                "date_modified": _when(entry.updated),
            }
            for entry in feed.entries
        ],
    }
    return (dumps(document) + "\n").encode()


def _entries(answer: Lookup, sentence: str, speech: Language) -> Iterator[Entry]:
    when = answer.last or answer.recorded_from
    if when is not None:
        yield Entry(id="answer", title=plain(sentence, 200), text=sentence, updated=when)
    for row in answer.reservations:
        where = place(speech, row.kind, row.line).striptags()
        quote = plain(row.quote)
        name = f"reservation/{row.id}"
        yield Entry(
            id=name,
            title=f"{plain(row.origin)}: {where}, {row.code}",
            text=f"Reservation seen: {where} of {plain(row.origin)} says “{quote}” ({row.code}).",
            updated=row.first_seen,
        )
        if row.ended_at is not None:
            yield Entry(
                id=f"{name}/ended",
                title=f"{plain(row.origin)}: {where} no longer says so ({row.code})",
                text=f"Reservation ended: {where} of {plain(row.origin)} said “{quote}”.",
                updated=row.ended_at,
            )


def _text(parent: ElementTree.Element, name: str, value: str) -> None:
    ElementTree.SubElement(parent, name).text = value


def _when(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

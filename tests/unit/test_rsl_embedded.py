"""RSL inside feeds and files: what vectors cannot say.

RSL-SPEC-1.0 sections 4.7 and 4.8, https://rslstandard.org/rsl.
"""

from __future__ import annotations

import time
import zlib
from datetime import UTC, datetime
from hashlib import sha256

import pytest

from reservations.model import Agent, Evidence, Outcome
from reservations.read import read
from reservations.readers.assets import asset_extracts
from reservations.readers.elements import Element, decode_elements, encode_elements
from reservations.readers.rsl_document import read_rsl
from reservations.readers.rsl_embedded import (
    KIND,
    MAX_FRAGMENT,
    MAX_FRAGMENTS,
    MAX_KEPT,
    is_of_a_feed,
    reduced,
)

NS = 'xmlns:rsl="https://rslstandard.org/rsl"'
TERMS = '<rsl:license><rsl:prohibits type="usage">ai-train</rsl:prohibits></rsl:license>'
FRAGMENT = f'<rsl:rsl {NS}><rsl:content url="https://ex.org/a">{TERMS}</rsl:content></rsl:rsl>'
XML = (("Content-Type", "application/rss+xml"),)


def found(body: bytes, fields: tuple[tuple[str, str], ...] = XML) -> tuple[Element, ...]:
    return next((decode_elements(part) for kind, part in asset_extracts(fields, body) if kind == KIND), ())


def feed(inner: str) -> bytes:
    return f"<rss {NS}><channel>{inner}</channel></rss>".encode()


def item(inner: str, more: str = "") -> str:
    return f"<item><title>secret</title><link>https://ex.org/a</link>{more}{inner}</item>"


def test_nothing_else_of_the_feed_is_kept() -> None:
    terms = TERMS.replace(
        "</rsl:license>", '</rsl:license><rsl:terms>secret</rsl:terms><x xmlns="u:">secret</x>'
    )
    (element,) = found(
        feed(item(f'<rsl:content url="/a" secret:b="1" xmlns:secret="u:">{terms}</rsl:content>'))
    )
    assert "secret" not in element.text
    assert element.tag == "item"
    assert element.get("link") == "https://ex.org/a"
    (content,) = read_rsl(element.text.encode()).contents
    assert content.scope.text == "/a"
    assert content.licenses[0].prohibits[0].tokens == {"ai-train"}


def test_atom_links_are_attributes_and_enclosures_are_none() -> None:
    links = '<link rel="enclosure" href="/b"/><link href="/a"/>'
    entry = f'<entry>{links}<rsl:content url="/a">{TERMS}</rsl:content></entry>'
    (element,) = found(f'<feed xmlns="http://www.w3.org/2005/Atom" {NS}>{entry}</feed>'.encode())
    assert (element.tag, element.get("link")) == ("entry", "/a")


def test_the_same_terms_are_kept_once_for_each_link() -> None:
    same = item(f'<rsl:content url="/">{TERMS}</rsl:content>')
    assert len(found(feed(same * 50))) == 1


@pytest.mark.parametrize("size", [10, 40_000])
def test_more_than_an_extract_holds_is_more_than_can_be_read(size: int) -> None:
    terms = TERMS.replace("ai-train", "ai-train " + "x" * size)
    items = "".join(
        f'<item><rsl:content url="/{n}{"y" * size}">{terms}</rsl:content></item>' for n in range(800)
    )
    elements = found(feed(items)) if len(items) < 3_900_000 else found(feed(items[:3_900_000]))
    assert len(elements) <= MAX_FRAGMENTS + 1
    assert sum(len(e.text) for e in elements) <= MAX_KEPT
    assert not read_rsl(elements[-1].text.encode()).conformant


def test_a_fragment_too_deep_or_too_long_is_one_that_cannot_be_read() -> None:
    deep = "<rsl:license>" * 60 + "</rsl:license>" * 60
    wide = "<rsl:license/>" * (MAX_FRAGMENT // 4)
    for inner in (deep, wide):
        (element,) = found(feed(item(f'<rsl:content url="/a">{inner}</rsl:content>')))
        assert element.text == ""


def test_a_feed_larger_than_is_read_is_no_xml() -> None:
    (element,) = found(feed(item(f'<rsl:content url="/a">{TERMS}</rsl:content>') + "<item/>" * 700_000))
    assert not read_rsl(element.text.encode()).conformant


@pytest.mark.parametrize(
    "body",
    [
        b"{}" + FRAGMENT.encode(),
        b"<p>" + FRAGMENT.encode(),
        b"plain https://rslstandard.org/rsl",
        f"<root>{FRAGMENT}</root>".encode(),
        FRAGMENT.encode(),
        b"<rss/>",
        b"",
        b"<",
    ],
)
def test_what_is_no_feed_has_none(body: bytes) -> None:
    assert found(body) == ()


def frame(name: bytes, content: bytes, flags: bytes = b"\0\0", major: int = 4) -> bytes:
    size = len(content)
    seven = bytes((size >> 21 & 127, size >> 14 & 127, size >> 7 & 127, size & 127))
    return name + (seven if major == 4 else size.to_bytes(4, "big")) + flags + content


def tag(*frames: bytes, major: int = 4, flags: int = 0) -> bytes:
    inside = b"".join(frames)
    size = len(inside)
    seven = bytes((size >> 21 & 127, size >> 14 & 127, size >> 7 & 127, size & 127))
    return b"ID3" + bytes((major, 0, flags)) + seven + inside


TEXT = b"\3RSL\0" + FRAGMENT.encode()
SMALL = b"TXX" + len(TEXT).to_bytes(3, "big") + TEXT


@pytest.mark.parametrize(
    "body",
    [
        tag(frame(b"TXXX", TEXT)),
        tag(frame(b"TIT2", b"\3x"), frame(b"TXXX", TEXT), b"\0" * 64),
        tag(frame(b"TXXX", TEXT, major=3), major=3),
        tag(SMALL, major=2),
        tag(frame(b"TXXX", len(TEXT).to_bytes(4, "big") + zlib.compress(TEXT), b"\0\x09")),
        tag(frame(b"TXXX", len(TEXT).to_bytes(4, "big") + zlib.compress(TEXT), b"\0\x80", 3), major=3),
        tag(b"\0\0\0\6\1\0" + frame(b"TXXX", TEXT), flags=0x40),
        tag(b"\0\0\0\6" + bytes(6) + frame(b"TXXX", TEXT, major=3), major=3, flags=0x40),
        tag(frame(b"COMM", b"\3eng\0" + FRAGMENT.encode())),
        tag(frame(b"TXXX", b"\2\0R\0\0" + FRAGMENT.encode("utf-16-be"))),
        tag(frame(b"GEOB", b"\0application/rsl+xml\0\0\0" + FRAGMENT.encode())),
    ],
)
def test_id3_frames(body: bytes) -> None:
    (element,) = found(body, (("Content-Type", "audio/mpeg"),))
    assert read_rsl(element.text.encode()).conformant


@pytest.mark.parametrize(
    "body",
    [
        "<rss " + " ".join(f'xmlns:a{n}="https://rslstandard.org/rsl"' for n in range(40_000)) + ">",
        f"<rss {NS}>" + "<rsl:a>" * 100_000 + "</rsl:a>" * 100_000 + "</rss>",
        f"<rss {NS}>" + ("<" + "a" * 60) * 30_000,
    ],
)
def test_hostile_feeds_take_bounded_time(body: str) -> None:
    start = time.process_time()
    found(body.encode())
    assert time.process_time() - start < 5


def asked_for(body: bytes, outcome: Outcome = Outcome.FOUND) -> Evidence:
    when = datetime(2026, 11, 24, tzinfo=UTC)
    return Evidence(
        kind=KIND,
        url="https://ex.org/feed",
        outcome=outcome,
        fetched_at=when,
        status=200,
        fields=XML,
        body=body,
    )


def test_a_feed_that_was_asked_for_is_kept_as_its_licences_and_a_digest() -> None:
    body = feed(item(f'<rsl:content url="/a">{TERMS}</rsl:content>'))
    once = reduced(asked_for(body))
    first, fragment = decode_elements(once.body)
    assert (first.get("bytes"), first.get("sha256")) == (str(len(body)), sha256(body).hexdigest())
    assert fragment.tag == "item"
    assert b"secret" not in once.body
    assert reduced(once) is once
    assert is_of_a_feed(once.body)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[\n]\n", b"[1]", b"not found", feed(item(""))])
def test_what_holds_no_licence_is_kept_as_a_digest(body: bytes) -> None:
    once = reduced(asked_for(body))
    assert [element.tag for element in decode_elements(once.body)] == ["received"]
    assert not is_of_a_feed(once.body)


def test_a_body_that_poses_as_an_extract_is_bounded_too() -> None:
    fragment = Element(tag="item", text="<rsl/>")
    posing = encode_elements((Element(tag="received", attributes=(("bytes", "1"),)), *[fragment] * 5000))
    reading = read("https://ex.org/a", (asked_for(posing),), Agent(token="ExampleBot"))
    assert len(reading.notes) < 20


def test_an_answer_that_is_none_is_left_as_it_is() -> None:
    refused = asked_for(b"", Outcome.REFUSED)
    assert reduced(refused) is refused

"""RSL, ai.txt, trust.txt and plain language: any bytes are read, in bounded time."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reservations.facts import Facts
from reservations.model import Agent, Evidence, Outcome, Preference, Profile
from reservations.protocols import ai_txt, natural_language, rsl, trust_txt
from reservations.readers.link_fields import read_links
from reservations.readers.phrases import find_reservations, normal, sentences, table
from reservations.readers.rsl_document import max_age, read_rsl

ROOT = "https://example.com"
SECONDS = 1.0
"""More than any input here takes, ten times over."""

XML = st.lists(
    st.sampled_from(
        [
            b'<rsl xmlns="https://rslstandard.org/rsl">',
            b'<content url="/">',
            b'<content url="https://[::1/" server="x">',
            b"<license>",
            b'<permits type="usage">all',
            b'<prohibits type="usage">ai-train,',
            b'<payment type="free"/>',
            b"</permits>",
            b"</prohibits>",
            b"</license>",
            b"</content>",
            b"</rsl>",
            b"<!DOCTYPE a>",
            b"&x;",
            b"<![CDATA[ all ]]>",
            b"\xff\xfe",
            b"\x00",
        ]
    )
    | st.binary(max_size=20),
    max_size=14,
).map(b"".join)
LINES = st.lists(
    st.sampled_from(
        [
            b"User-Agent: *\n",
            b"User-agent: ExampleBot\n",
            b"Disallow: *.jpg\r",
            b"Allow: /\n",
            b"Disallow: Training\n",
            b"License: https://example.com/license.xml\n",
            b"License: //x\n",
            b"datatrainingallowed=no\n",
            b"datatrainingallowed: YES\n",
            b"# No text and data mining\n",
            b"\xef\xbb\xbf",
            b"\xff\xfe\x00",
        ]
    )
    | st.binary(max_size=20),
    max_size=12,
).map(b"".join)


def found(kind: str, path: str, body: bytes) -> Evidence:
    at = datetime(2026, 11, 24, tzinfo=UTC)
    return Evidence(kind=kind, url=ROOT + path, outcome=Outcome.FOUND, fetched_at=at, status=200, body=body)


def facts(*evidence: Evidence) -> Facts:
    return Facts(url=f"{ROOT}/a.jpg", evidence=evidence, agent=Agent(token="ExampleBot"))


@settings(max_examples=400, deadline=None)
@given(st.one_of(XML, st.binary(max_size=400)))
def test_any_bytes_are_an_rsl_document_of_some_kind(body: bytes) -> None:
    document = read_rsl(body)
    assert 0 < max_age(document) <= 3_650 * 86_400
    robots = found("robots.txt", "/robots.txt", b"License: https://example.com/license.xml\n")
    reading = rsl.parse(facts(robots, found("rsl", "/license.xml", body)))
    permitted = [s for s in reading.statements if s.preference is Preference.PERMITTED]
    assert document.conformant or not permitted
    assert document.conformant or reading.statements
    assert {n.kind for n in reading.notes} <= set(rsl.PROTOCOL.notes)


@settings(max_examples=400, deadline=None)
@given(LINES)
def test_any_bytes_are_read_as_every_text_file(body: bytes) -> None:
    evidence = (
        found("robots.txt", "/robots.txt", body),
        found("ai.txt", "/ai.txt", body),
        found("trust.txt", "/trust.txt", body),
        found("text", "/a.jpg", body),
    )
    for protocol in (ai_txt.PROTOCOL, trust_txt.PROTOCOL, natural_language.PROTOCOL, rsl.PROTOCOL):
        reading = protocol.parse(facts(*evidence))
        assert {n.kind for n in reading.notes} <= set(protocol.notes)
        assert all(len(s.locator.quote) <= 300 for s in reading.statements)
        if protocol.wants:
            assert all(r.url.startswith(("https://", "http://")) for r in protocol.wants(facts(*evidence)))


@settings(max_examples=300, deadline=None)
@given(LINES)
def test_failing_closed_reserves_whatever_the_letter_reserves(body: bytes) -> None:
    evidence = facts(found("ai.txt", "/ai.txt", body), found("trust.txt", "/trust.txt", body))
    for protocol in (ai_txt.PROTOCOL, trust_txt.PROTOCOL):
        made = [s for s in protocol.parse(evidence).statements if s.preference is Preference.RESERVED]
        letter = {s.use for s in made if Profile.LETTER in s.under}
        assert letter <= {s.use for s in made if Profile.STANDARD in s.under}


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=300))
def test_any_text_is_read_for_phrases(text: str) -> None:
    find_reservations(text)
    assert normal(normal(text)) == normal(text)
    starts = [s.start for s in sentences(text, table().abbreviations)]
    assert starts == sorted(starts)
    assert not starts or starts[-1] < len(text)


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet='<>;,="\\ a/rel*license', max_size=200))
def test_any_value_is_read_as_links(value: str) -> None:
    assert all("<" not in link.target for link in read_links(value))


TOPICS = " ".join(term.first for words in table().languages for term in words.topics)


@pytest.mark.parametrize(
    "text",
    [
        "tdm. " * 40_000,
        "text and data mining " * 10_000,
        "tdm prohibited " * 14_000,
        "a. b? " * 40_000,
        "train not " * 20_000,
        "\ufdfa" * 100_000,
        "&amp;" * 40_000,
        "\n\n" * 100_000,
        (TOPICS + ". x. ") * 20,
    ],
)
def test_no_text_takes_long(text: str) -> None:
    start = time.process_time()
    find_reservations(text)
    assert time.process_time() - start < SECONDS


@pytest.mark.parametrize(
    "value", ["<" * 20_000, "<a>;" * 5_000, '<a>; x="' + '\\"' * 9_000, "<a>" + "; a=b" * 4_000]
)
def test_no_link_header_takes_long(value: str) -> None:
    start = time.process_time()
    read_links(value)
    assert time.process_time() - start < SECONDS


@pytest.mark.parametrize(
    "body",
    [
        b"<a>" * 300_000,
        b"<a " + b"b='c' " * 100_000,
        b'<rsl xmlns="https://rslstandard.org/rsl">' + b"<content url='/'><license/></content>" * 25_000,
        b"&" * 1_000_000,
        b"License: /x\n" * 80_000,
        b"datatrainingallowed=maybe\n" * 40_000,
        b"User-Agent: *\n" + b"Disallow: *.jpg\n" * 30_000,
    ],
)
def test_no_body_takes_long(body: bytes) -> None:
    robots = b"License: https://example.com/license.xml\n" if body.startswith((b"<", b"&")) else body
    evidence = (
        found("robots.txt", "/robots.txt", robots),
        found("rsl", "/license.xml", body),
        found("ai.txt", "/ai.txt", body),
        found("trust.txt", "/trust.txt", body),
        found("text", "/a.jpg", body),
    )
    for protocol in (ai_txt.PROTOCOL, trust_txt.PROTOCOL, natural_language.PROTOCOL, rsl.PROTOCOL):
        about = facts(*evidence)
        protocol.parse(about)
        start = time.process_time()
        protocol.parse(about)
        assert time.process_time() - start < SECONDS / 5, protocol.name

"""Terms that a site links: which links count, and what is kept of the page they lead to."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reservations.model import Agent, Evidence, Outcome
from reservations.read import extract, read
from reservations.readers.terms_links import MAX_FOUND, terms_links
from reservations.readers.terms_page import KIND, is_reduced, reduced, was_searched

HTML = (("Content-Type", "text/html; charset=utf-8"),)
URL = "https://example.com/news/today"
AGENT = Agent(token="ExampleBot")
CLAUSE = "We expressly reserve the right to text and data mining."


def links(inner: str, head: str = "") -> list[str]:
    body = f"<!doctype html><html><head>{head}</head><body>{inner}</body></html>".encode()
    return [link.url for link in terms_links(body, HTML, URL)]


@pytest.mark.parametrize(
    ("inner", "expected"),
    [
        ("<a href=/terms>Terms of use</a>", ["https://example.com/terms"]),
        ("<footer><a href='../agb'>AGB</a></footer>", ["https://example.com/agb"]),
        ("<a href=/nb>Nutzungs&shy;bedingungen</a>", []),
        ("<a href=/nb>Nutzungsbedingungen</a>", ["https://example.com/nb"]),
        ("<a href=/cgu>CGU</a>", ["https://example.com/cgu"]),
        ("<a href=/av>Aviso legal</a>", ["https://example.com/av"]),
        ("<a href=/r>Regulamin serwisu</a>", ["https://example.com/r"]),
        ("<a href=/v>Brugsvilkår</a>", ["https://example.com/v"]),
        ("<a href=/ic><img alt=''>Impressum</a>", ["https://example.com/ic"]),
        ("<a href='https://other.example/terms'>Terms</a>", ["https://other.example/terms"]),
        ("<a rel=terms-of-service href=/x>Small print</a>", ["https://example.com/x"]),
        ("<a rel=license href=/l>CC</a>", ["https://example.com/l"]),
        ("<a href=/privacy>Privacy terms</a>", []),
        ("<a href=/n>What the ruling means in terms of money</a>", []),
        ("<article><a href=/n>New terms for tenants</a></article>", []),
        ("<article><footer><a href=/t>Terms</a></footer></article>", ["https://example.com/t"]),
        ("<a href='javascript:terms()'>Terms</a>", []),
        ("<a href='mailto:terms@example.com'>Terms</a>", []),
        ("<a href='https://user:pw@example.com/t'>Terms</a>", []),
        ("<a href='http://[::1'>Terms</a>", []),
        ("<a href='http://example.com:99999/'>Terms</a>", []),
        ("<a href=/t#a>Terms</a><a href=/t#b>Terms</a>", ["https://example.com/t"]),
        ("<a href=/i>Imprint</a><a href=/t>Terms</a>", ["https://example.com/t", "https://example.com/i"]),
        (
            "<a href=/t>Terms</a><a href=/tdm>TDM policy</a>",
            ["https://example.com/tdm", "https://example.com/t"],
        ),
        ("<p>terms</p>", []),
    ],
)
def test_links_that_lead_to_terms(inner: str, expected: list[str]) -> None:
    assert links(inner) == expected


@pytest.mark.parametrize(
    "value",
    ['"https:\\/\\/example.com\\/use"', '{"@type": "CreativeWork", "url": "https://example.com/use"}'],
)
def test_usage_info_in_structured_data(value: str) -> None:
    script = f'<script type="application/ld+json">{{"@type": "WebSite", "usageInfo": {value}}}</script>'
    assert links("", script) == ["https://example.com/use"]


def test_the_base_of_a_page_holds() -> None:
    assert links("<a href=t>Terms</a>", "<base href=https://example.com/legal/>") == [
        "https://example.com/legal/t"
    ]


def test_a_large_page_is_read_at_its_end() -> None:
    assert links("<p>news</p>" * 20_000 + "<footer><a href=/t>Terms</a></footer>") == [
        "https://example.com/t"
    ]


def test_so_many_and_no_more() -> None:
    assert len(links("".join(f"<a href=/{i}>Terms</a>" for i in range(50)))) == MAX_FOUND


def answer(body: bytes, media_type: str = "text/html; charset=utf-8") -> Evidence:
    return Evidence(
        kind=KIND,
        url="https://example.com/terms",
        outcome=Outcome.FOUND,
        fetched_at=datetime(2026, 11, 24, tzinfo=UTC),
        status=200,
        fields=(("Content-Type", media_type),),
        body=body,
    )


def test_only_the_reserving_sentences_are_kept() -> None:
    body = f"<body><h1>Terms</h1><p>Be kind.</p><p>{CLAUSE} Goodbye.</p></body>".encode()
    kept = reduced(answer(body)).body.decode()
    assert kept == (
        f"Extract of a page of terms: {len(body)} bytes as received, SHA-256 {sha256(body).hexdigest()}\n"
        f"\n{CLAUSE}\n"
    )


@pytest.mark.parametrize(
    "filler", ["<p>Be kind.</p>" * 4_000, "<script>x<p></script>" * 3_000, "<!--<p>-->" * 9_000]
)
def test_a_page_too_large_for_a_parser_is_read_by_its_tags(filler: str) -> None:
    kept = reduced(answer(f"<body>{filler}<p>{CLAUSE}</p><p>All else.</p>".encode()))
    assert kept.body.decode().endswith(f"\n\n{CLAUSE}\n")


@pytest.mark.parametrize("size", [150_000, 990_000])
def test_long_terms_are_searched_beyond_the_first_part(size: int) -> None:
    text = "Be kind to one another.\n\n" * (size // 25) + CLAUSE
    assert CLAUSE in reduced(answer(text.encode(), "text/plain")).body.decode()


@pytest.mark.parametrize("media_type", ["application/pdf", "image/png", "text/html-but-not\r\n\r\nquite"])
def test_what_is_no_text_is_not_searched(media_type: str) -> None:
    kept = reduced(answer(b"\x89PNG\r\n", media_type))
    assert is_reduced(kept.body)
    assert was_searched(kept.body) is media_type.startswith("text/")


def test_a_page_cannot_pass_for_unsearched_or_for_an_extract_of_another() -> None:
    body = b"Extract of a page of terms: 3 bytes as received, SHA-256 " + b"a" * 64 + b"\n\nNot searched: x\n"
    assert reduced(answer(body, "text/plain")).body == body  # it speaks about itself, and says nothing
    assert read("https://example.com/a", (answer(body, "text/plain"),), AGENT).statements == ()


PIECES = st.sampled_from(
    [
        *("<p>", "</p>", "<script>", "</script>", "<!--", "-->", "<li>", "\n\n", CLAUSE, "Not searched: "),
        *("x" * 60, "Text- und Data-Mining ist untersagt.", "&amp;", "<a href=", "<", ">", "\x00", "é"),
        "Text mining is allowed.",
    ]
)


@given(
    st.lists(PIECES, max_size=40),
    st.sampled_from(["text/html", "text/plain; charset=utf-16", "text/plain", ""]),
)
@settings(deadline=None, max_examples=150)
def test_reading_the_extract_is_reading_the_page(parts: list[str], media_type: str) -> None:
    page = answer("".join(parts).encode(), media_type)
    (kept,) = extract(page, AGENT)
    assert extract(kept, AGENT) == (kept,)
    assert read(URL, (page,), AGENT) == read(URL, (kept,), AGENT)
    assert read(URL, (page,), AGENT).statements == read(URL, (reduced(page),), AGENT).statements
    terms_links(page.body, HTML, URL)

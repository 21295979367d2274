"""Signal elements of a page: which are kept, where they stand, and what is never kept."""

from __future__ import annotations

import pytest

from reservations.readers.html_head import (
    CHALLENGE,
    Element,
    decode_elements,
    encode_elements,
    looks_like_html,
    read_elements,
)

NAMES = frozenset({"robots", "tdm-reservation", "x-robots-tag"})
HTML = (("Content-Type", "text/html; charset=utf-8"),)
META = b'<meta name="robots" content="noai">'


def read(body: bytes, fields: tuple[tuple[str, str], ...] = HTML) -> tuple[Element, ...]:
    """The elements, after checking the laws that hold for every page."""
    elements = read_elements(body, fields=fields, names=NAMES)
    assert decode_elements(encode_elements(elements)) == elements
    return elements


def only(body: bytes, fields: tuple[tuple[str, str], ...] = HTML) -> Element:
    """The one element of a page."""
    (element,) = read(body, fields)
    return element


@pytest.mark.parametrize(
    "tag",
    [
        META,
        b"<META CONTENT=noai NAME=ROBOTS>",
        b"<meta\nname='robots'\tcontent='noai'/>",
        b'<meta content="a > b" name="robots">',
        b'<meta content=it\'s name="robots">',
        b'<meta name="&#114;obots" content="noai">',
        b'<meta name="&#x52;obots" content="noai">',
        b'<meta name=" robots " content="noai">',
        b'<meta property="robots" content="noai">',
        b'<meta http-equiv="X-Robots-Tag" content="noai">',
        b'<meta name="robots" name="other" content="noai">',
    ],
)
@pytest.mark.parametrize(
    "before", [b"", b"<!doctype html><html><head><title>x</title>", b"<html><body><p>y</p>"]
)
def test_a_meta_element_is_found_however_it_is_written(tag: bytes, before: bytes) -> None:
    """HTML Standard section 13.1.2.3, and in the body as well as in the head."""
    element = only(before + tag + b"<p>text</p>" * 50)
    assert element.tag == "meta"
    assert element.offset == len(before)


@pytest.mark.parametrize(
    "body",
    [
        b"<!-- " + META + b" -->",
        b"<!-- " + META,
        b"<script>var s = '" + META + b"';</script>",
        b"<script>" + META,
        b"<style>" + META + b"</style>",
        b"<title>" + META + b"</title>",
        b"<textarea>" + META + b"</textarea>",
        b"<template>" + META + b"</template>",
        b'<p title="' + META.replace(b'"', b"'") + b'">',
        b"< meta name=robots>",
        b"<metadata name=robots>",
        b'<meta name="description" content="robots">',
    ],
)
def test_what_is_no_element_is_no_signal(body: bytes) -> None:
    """Comments, scripts and text hold tags that are none."""
    assert read(b"<html><head>" + body + b"</head><body>x</body></html>") == ()


def test_a_head_that_seems_to_end_inside_a_script_is_read_on() -> None:
    """Cutting at the first `</head` would be an evasion."""
    before = b"<html><head><script>'</head><body>'</script><!-- <meta name=robots> -->"
    assert only(before + META + b"</head>").offset == len(before)


def test_the_offset_is_that_of_the_element_and_not_of_its_twin_in_a_comment() -> None:
    """Offsets are told only where tags and elements are as many."""
    before = b"<head><!-- " + META + b" -->"
    assert only(before + META).offset == len(before)


def test_an_offset_that_cannot_be_told_is_none() -> None:
    """A tag inside an attribute looks like the element itself."""
    body = b"<p title='" + META + b"'></p>" + META
    assert only(body).offset is None


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_utf_16_is_read_and_offsets_are_in_the_bytes_received(encoding: str, mark: str) -> None:
    """With a BOM or without; HTML Standard, sniffing the encoding."""
    page = mark + "<!doctype html><title>Ünïcödé 𝄞</title>" + META.decode() + "</html>"
    body = page.encode(encoding)
    element = only(body, (("Content-Type", "text/html"),))
    assert element.offset is not None
    assert body[element.offset :].decode(encoding).startswith("<meta")


@pytest.mark.parametrize(
    ("fields", "body", "wanted"),
    [
        (HTML, b'<meta name="robots" content="\xc3\xa9">', "é"),
        ((("Content-Type", "text/html; charset=iso-8859-1"),), b'<meta name="robots" content="\xe9">', "é"),
        (
            (("Content-Type", "text/html"),),
            b'<meta charset=gbk><meta name="robots" content="\xc4\xe3">',
            "你",
        ),
        (
            (("Content-Type", "text/html; charset=latin1"),),
            b'\xef\xbb\xbf<meta name="robots" content="\xc3\xa9">',
            "é",
        ),
        (
            (("Content-Type", "text/html; charset=nonsense"),),
            b'<meta name="robots" content="\xff">',
            "\ufffd",
        ),
        ((("Content-Type", "text/html; charset=rot13"),), b'<meta name="robots" content="\xc3\xa9">', "é"),
        (HTML, b'<meta charset="utf-16"><meta name="robots" content="\xc3\xa9">', "é"),
    ],
)
def test_charset_is_bom_then_header_then_meta_then_utf_8(
    fields: tuple[tuple[str, str], ...], body: bytes, wanted: str
) -> None:
    """And bytes that cannot be decoded never raise."""
    assert only(body, fields).get("content") == wanted


def test_license_links_and_inline_rsl_are_kept() -> None:
    """RSL 1.0 section 4.6."""
    link = b'<link rel="License nofollow" type="application/rsl+xml" href="/l.xml" title="secret">'
    script = b'<script type="application/rsl+xml"><rsl/></script>'
    elements = read(b"<head>" + link + script)
    assert elements == (
        Element(
            tag="link",
            attributes=(("rel", "License nofollow"), ("href", "/l.xml"), ("type", "application/rsl+xml")),
            offset=6,
        ),
        Element(
            tag="script", attributes=(("type", "application/rsl+xml"),), text="<rsl/>", offset=6 + len(link)
        ),
    )


def test_nothing_of_the_article_is_kept() -> None:
    """The extract of a page that is left out is stored, so it holds access statements only."""
    body = (
        b'<html><head><title>SECRET</title><meta name="description" content="SECRET">'
        b'<link rel="canonical" href="https://example.com/SECRET">'
        b'<link rel="license" href="/l" title="SECRET">'
        b'<meta name="robots" content="noai" data-x="SECRET">'
        b'<script type="application/ld+json">{"@type": "NewsArticle", "headline": "SECRET", "url": "SECRET",'
        b'"isAccessibleForFree": false, "articleBody": "SECRET", "hasPart": {"isAccessibleForFree": "False",'
        b'"cssSelector": ".paywall", "name": "SECRET"}}</script></head><body>SECRET'
        b'<div itemprop="isAccessibleForFree">SECRET</div>'
        b'<span itemprop="isAccessibleForFree">false</span></body></html>'
    )
    extract = encode_elements(read(body))
    assert b"SECRET" not in extract
    assert b".paywall" in extract


def test_json_ld_is_reduced_to_what_it_says_about_access() -> None:
    """schema.org isAccessibleForFree of the page and of its parts."""
    body = b"""<script type="application/ld+json">[{"isAccessibleForFree": true, "hasPart":
        [{"isAccessibleForFree": "http://schema.org/False", "cssSelector": [".a", ".b", "text; no"]}]}]
        </script>"""
    assert only(body).attributes == (
        ("type", "application/ld+json"),
        ("isAccessibleForFree", "true"),
        ("hasPart.isAccessibleForFree", "false"),
        ("hasPart.cssSelector", ".a"),
        ("hasPart.cssSelector", ".b"),
    )


def test_microdata_is_found_behind_an_attribute_that_holds_a_tag() -> None:
    """The bytes before it mislead only the look at tags, not the parser."""
    element = only(b"<p title='a < b' itemprop=isAccessibleForFree>False</p>")
    assert element.attributes == (("itemprop", "isAccessibleForFree"), ("content", "false"))


def test_a_stray_quote_hides_no_signal() -> None:
    """A quote opens a value only after `=`."""
    assert only(b'<link rel="x"" href="/y"><p title="z">' + META).get("content") == "noai"


def test_a_challenge_page_leaves_its_marker() -> None:
    """Cloudflare's own marker is enough."""
    element = only(b"<html><script>window._cf_chl_opt={}</script></html>")
    assert element == Element(tag=CHALLENGE, attributes=(("marker", "_cf_chl_opt"),), offset=21)


@pytest.mark.parametrize(
    ("content_type", "body", "html"),
    [
        ("text/html", b"", True),
        ("application/xhtml+xml; charset=utf-8", b"", True),
        ("", b"  \n<!DOCTYPE HTML>", True),
        ("text/plain", b"<html>", True),
        ("application/octet-stream", b"\xff\xfe<\0h\0t\0m\0l\0>\0", True),
        ("text/plain", b"plain words", False),
        ("image/png", b"<html>", False),
        ("application/json", b"<html>", False),
        ("", b"%PDF-1.7", False),
    ],
)
def test_what_is_read_as_html(content_type: str, body: bytes, html: bool) -> None:
    """The type decides; where it says nothing, the bytes do."""
    fields = (("Content-Type", content_type),) if content_type else ()
    assert looks_like_html(fields, body) is html


@pytest.mark.parametrize(
    "body",
    [
        b"<div>" * 200_000 + META,
        b"".join(b"<p><b id=%d>x</p>" % i for i in range(20_000)) + META,
        b"<meta " + b"".join(b"a%d " % i for i in range(30_000)) + b">" + META,
        META * 20_000,
        b"<!-- " * 100_000 + META,
        b'<script type="application/ld+json">isAccessibleForFree' * 20_000,
        b"<a x='isAccessibleForFree " * 20_000,
    ],
    ids=["nesting", "formatting", "attributes", "metas", "comments", "scripts", "quotes"],
)
def test_hostile_pages_are_read_in_bounded_time(body: bytes) -> None:
    """HTML5 parsers take quadratic time for some of these; no timer here, but a hang would show."""
    assert len(read(body)) <= 512


def test_a_page_too_deep_for_a_parser_still_gives_its_signals() -> None:
    """Read by its tags; a comment is still a comment."""
    element = only(b"<div>" * 50_000 + b"<!-- " + META + b" -->" + META)
    assert element.offset == 250_000 + len(b"<!-- " + META + b" -->")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"null",
        b"[1]",
        b"{}",
        b'[{"tag":"meta"}]',
        b'[{"tag":1,"text":"","offset":null,"attributes":[]}]',
        b'[{"tag":"meta","text":"","offset":-1,"attributes":[]}]',
        b'[{"tag":"meta","text":"","offset":true,"attributes":[]}]',
        b'[{"tag":"meta","text":"","offset":null,"attributes":[["a"]]}]',
        b'[{"tag":"meta","text":"","offset":null,"attributes":[["a",2]]}]',
        b"[" * 100_000,
        b"\xff\xfe\xfd",
    ],
)
def test_bytes_that_are_no_extract_give_no_elements(data: bytes) -> None:
    """Never an exception."""
    assert decode_elements(data) == ()


def test_one_line_of_an_extract_is_one_element() -> None:
    """A locator's line can be looked up."""
    lines = encode_elements(read(META + b'<link rel="license" href="/l">')).splitlines()
    assert b'"meta"' in lines[1]
    assert b'"link"' in lines[2]

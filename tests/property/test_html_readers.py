"""Laws of the readers: any bytes are read, an extract reads like its page, leniency never permits."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import UTC, datetime
from typing import Any

from hypothesis import assume, example, given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from crawler.access import access_reasons
from reservations.decide import preference_for
from reservations.facts import Facts
from reservations.model import (
    EPUB_OPF,
    HTML_SIGNALS,
    PDF_XMP,
    RESPONSE,
    TDMREP_JSON,
    Agent,
    Evidence,
    Outcome,
    Preference,
    Profile,
    Reading,
)
from reservations.protocol import Protocol
from reservations.protocols import robots_meta, tdmrep
from reservations.read import extract
from reservations.readers.charsets import encoding_of
from reservations.readers.html_head import (
    Element,
    decode_elements,
    encode_elements,
    looks_like_html,
    read_elements,
)
from reservations.readers.http_fields import HttpFields
from reservations.readers.json_document import Json, JsonArray, JsonObject, read_json
from reservations.readers.opf import read_opf
from reservations.readers.robots_directives import header_directives
from reservations.readers.tdmrep_file import read_tdmrep_file
from reservations.readers.xmp import read_xmp

AGENT = Agent(token="ExampleBot")
URL = "https://ex.org/a/b?c"
NAMES = frozenset({"robots", "x-robots-tag", "tdm-reservation", "tdm-policy", "examplebot"})
PROTOCOLS: tuple[Protocol, ...] = (tdmrep.PROTOCOL, robots_meta.PROTOCOL)

FRAGMENTS = [
    *(
        b"<html>",
        b"<head>",
        b"</head>",
        b"<body>",
        b"<!--",
        b"-->",
        b"--!>",
        b"<!",
        b"<script>",
        b"</script>",
    ),
    *(
        b"<title>",
        b"</title>",
        b"<template>",
        b"<noscript>",
        b"<svg>",
        b"<table>",
        b"<select>",
        b"<frameset>",
    ),
    *(b"<meta ", b"<META\n", b"<link ", b"name=", b"content=", b"rel=license ", b"http-equiv=", b"property="),
    *(b"robots", b"tdm-reservation", b"tdm&#45;reservation", b"X-Robots-Tag", b"ExampleBot", b"tdm-policy"),
    *(
        b'"',
        b"'",
        b">",
        b"/>",
        b" ",
        b"=",
        b"1",
        b"0",
        b"noai",
        b"0, 1",
        b"/p",
        b"&colon;",
        b"\0",
        b"\xff",
        b"\xe9",
    ),
    *(b'<script type="application/ld+json">', b'{"isAccessibleForFree":', b"false", b'"False"', b"}", b"["),
    *(
        b"<span itemprop=isAccessibleForFree>",
        b"_cf_chl_opt",
        b"article:content_tier",
        b"locked",
        b"charset=gbk",
    ),
    *(b'<meta name="robots" content="noai">', b"<meta name=tdm-reservation content='1'>"),
    *(b'<meta name="tdm&#45;policy" content="/p">', b'<link rel="license" href="/l">'),
    *(b"\xef\xbb\xbf", b"\xff\xfe", b"<\0", b"<p>text</p>"),
]
PAGES = st.one_of(st.binary(max_size=300), st.lists(st.sampled_from(FRAGMENTS), max_size=40).map(b"".join))
TYPES = st.sampled_from(
    ["text/html", "text/html; charset=utf-16", "text/html; charset=gbk", "", "text/plain", "x"]
)
VALUES = st.one_of(
    st.sampled_from(["0", "1", "0, 1", "true", "2", " 1 ", "", "maybe", "noai", "/p"]), st.text(max_size=30)
)
FIELDS = st.lists(
    st.tuples(
        st.sampled_from(["tdm-reservation", "TDM-Policy", "X-Robots-Tag", "Robots-Tag", "Link"]), VALUES
    ),
    max_size=4,
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["1", "0", "/", "/a/", "deny", "x"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["location", "tdm-reservation", "tdm_reservation", "tdm-policy", "policy", "tdm", "rules"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


def evidence(
    kind: str, body: bytes = b"", fields: tuple[tuple[str, str], ...] = (), url: str = URL
) -> Evidence:
    """Evidence that was found."""
    return Evidence(
        kind=kind,
        url=url,
        outcome=Outcome.FOUND,
        fetched_at=datetime(2026, 11, 24, tzinfo=UTC),
        status=200,
        fields=fields,
        body=body,
    )


def read(*parts: Evidence) -> list[Reading]:
    """What the protocols of this file make of evidence."""
    kept = [part for item in parts for part in extract(item, AGENT)]
    return [protocol.parse(Facts(url=URL, evidence=kept, agent=AGENT)) for protocol in PROTOCOLS]


@given(PAGES, TYPES)
@example(b"<meta name=robots content=noai><!--", "text/html")
def test_any_page_is_read_and_its_extract_says_the_same(body: bytes, content_type: str) -> None:
    """`read(extract(x)) == read(x)`, and extracting twice changes nothing."""
    fields = (("Content-Type", content_type),)
    looks_like_html(fields, body)
    elements = read_elements(body, fields=fields, names=NAMES)
    assert decode_elements(encode_elements(elements)) == elements
    for element in elements:
        assert element.offset is None or 0 <= element.offset < len(body)
    page = evidence(RESPONSE, body, fields)
    parts = extract(page, AGENT)
    assert tuple(p for part in parts for p in extract(part, AGENT)) == parts
    assert read(*parts) == read(page)
    access_reasons(URL, page, elements, body[:100])


@given(PAGES, st.sampled_from(["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"]))
def test_an_encoding_changes_nothing_but_the_offsets(body: bytes, encoding: str) -> None:
    """A page in UTF-16 or UTF-32 has the elements that it has in UTF-8, at their places."""
    # NULs and escapes are what encodings are told by where nothing says which one it is
    text = re.sub("[\0\x1b]", "", body.decode("utf-8", "replace")).lstrip("\ufeff")
    fields = (("Content-Type", "text/html"),)
    coded = ("\ufeff" + text).encode(encoding)
    utf_8 = (("Content-Type", "text/html; charset=utf-8"),)
    wanted = read_elements(text.encode(), fields=utf_8, names=NAMES)
    found = read_elements(coded, fields=fields, names=NAMES)
    assert [(e.tag, e.attributes, e.text) for e in found] == [(e.tag, e.attributes, e.text) for e in wanted]
    for element in found:
        if element.offset is not None and element.tag != "challenge":
            assert coded[element.offset :].decode(encoding, "replace").startswith("<")


@given(PAGES)
def test_the_look_before_parsing_misses_nothing(body: bytes) -> None:
    """Every meta element that a parse of the whole page finds is among the elements."""
    fields = (("Content-Type", "text/html; charset=utf-8"),)
    assume(encoding_of(body, fields) == "utf-8")
    wanted = [
        node.attributes.get("content") or ""
        for node in LexborHTMLParser(body.decode("utf-8", "replace")).tags("meta")
        if any(
            (node.attributes.get(n) or "").strip().lower() in NAMES
            for n in ("name", "property", "http-equiv")
        )
    ]
    found = [
        e.get("content") or "" for e in read_elements(body, fields=fields, names=NAMES) if e.tag == "meta"
    ]
    # Only `<=`: a frameset takes back a body that was already read, and we do not follow it.
    assert Counter(wanted) <= Counter(found)


@given(st.binary(max_size=400))
def test_any_bytes_go_through_every_reader(data: bytes) -> None:
    """No exception, whatever the bytes."""
    decode_elements(data)
    read_json(data)
    read_xmp(data)
    read_opf(data)
    read_tdmrep_file(data)
    header_directives(data.decode("latin-1"))
    read(evidence(HTML_SIGNALS, data), evidence(PDF_XMP, data), evidence(EPUB_OPF, data))
    read(evidence(TDMREP_JSON, data, url="https://ex.org/.well-known/tdmrep.json"))


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
ELEMENTS = st.builds(
    Element,
    tag=TEXT,
    attributes=st.lists(st.tuples(*[TEXT] * 2), max_size=4).map(tuple),
    text=TEXT,
    offset=st.none() | st.integers(0, 2**40),
)


@given(st.lists(ELEMENTS, max_size=5).map(tuple))
def test_what_is_encoded_is_decoded(elements: tuple[Element, ...]) -> None:
    """And equal elements give equal bytes."""
    data = encode_elements(elements)
    assert decode_elements(data) == elements
    assert encode_elements(decode_elements(data)) == data


def plain(value: Json) -> Any:
    """A value as Python's own parser would give it."""
    if isinstance(value, JsonObject):
        return {m.name: plain(m.value) for m in value.members}
    if isinstance(value, JsonArray):
        return [plain(item) for item in value.items]
    return value


SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
)
VALUES_OF_JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=15,
)


@given(VALUES_OF_JSON)
def test_json_is_read_as_python_reads_it(value: Any) -> None:
    """The same value, and no repair reported."""
    document = read_json(json.dumps(value, indent=1).encode())
    assert document.ok
    assert not document.repaired
    assert plain(document.value) == value


@given(st.text(alphabet='[]{}",:/*#0123456789.-+eEtrufalsn \n\\u', max_size=30))
def test_what_python_accepts_is_accepted_and_what_it_refuses_is_at_least_a_repair(text: str) -> None:
    """NaN and Infinity aside, which are not JSON."""
    document = read_json(text.encode())
    try:
        value = json.loads(text, parse_constant=lambda _: 1 / 0)
    except (ValueError, ZeroDivisionError):
        assert not document.ok or document.repaired
        return
    assert document.ok
    assert not document.repaired
    assert plain(document.value) == value


@given(
    JSON,
    FIELDS,
    st.sampled_from(["", "0", "1", "true", "x"]),
    st.sampled_from([b"%s", b"%s,", b"//\n%s", b"[%s"]),
)
def test_failing_closed_never_reserves_less_than_the_letter(
    rules: Any, fields: list[tuple[str, str]], meta: str, frame: bytes
) -> None:
    """What the letter reserves stays reserved; what only leniency permits lifts nothing."""
    body = f'<meta name="tdm-reservation" content="{meta}">'.encode() if meta else b""
    kept = (
        evidence(
            TDMREP_JSON, frame % json.dumps(rules).encode(), url="https://ex.org/.well-known/tdmrep.json"
        ),
        evidence(RESPONSE, body, (*fields, ("Content-Type", "text/html"))),
    )
    for reading in read(*kept):
        for use in ("tdm", "ai_train", "ai_input"):
            if preference_for(reading, use, Profile.LETTER) is Preference.RESERVED:
                assert preference_for(reading, use, Profile.STANDARD) is Preference.RESERVED
            if preference_for(reading, use, Profile.STANDARD) is Preference.RESERVED:
                assert preference_for(reading, use, Profile.STRICT) is Preference.RESERVED


@given(FIELDS)
def test_every_line_is_in_the_map_once(fields: list[tuple[str, str]]) -> None:
    """In order, and with its own number."""
    found = HttpFields(fields)
    names = {name.lower() for name, _ in fields}
    lines = sorted(line.line for name in names for line in found.get_all(name))
    assert lines == list(range(2, len(fields) + 2))

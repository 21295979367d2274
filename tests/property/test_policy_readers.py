"""TDM policies, page boilerplate and protocol tables: any bytes are read, in bounded time."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from reservations.model import RESPONSE, Agent, Evidence, Outcome
from reservations.protocol_table import ProtocolTableError, overridden, shipped_table
from reservations.read import extract, read
from reservations.readers.boilerplate import KIND, MAX_SENTENCES, reserving_sentences
from reservations.readers.odrl import in_lines, read_policy
from reservations.readers.phrases import MAX_SENTENCE

SECONDS = 1.0
AGENT = Agent(token="ExampleBot", reads_policies=True)
URL = "https://example.com/a"

NAMES = st.sampled_from(
    (
        *("uid", "@id", "assigner", "permission", "odrl:action", "target", "duty", "constraint", "vcard:fn"),
        *(
            "leftOperand",
            "operator",
            "rightOperand",
            "prohibition",
            "vcard:hasEmail",
            "vcard:hasAddress",
            "x",
        ),
    )
)
TEXTS = st.sampled_from(
    ["tdm:mine", "purpose", "eq", "tdm:research", "https://example.com/", "mailto:a@b.c", ""]
)
ODRL = st.recursive(
    TEXTS | st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=6),
    max_leaves=30,
)
DAMAGE = st.sampled_from([("", ""), (",", ""), ("}", ",}"), ("]", ",]"), ("{", "{//x\n"), ('"', "\n")])

CLAUSE = "Text and data mining is expressly reserved."
HTML = st.lists(
    st.sampled_from(
        [
            b"<!doctype html><html lang=en><body>",
            b"<footer>",
            b"</footer>",
            b"<small>",
            b"</small>",
            b"<article>",
            b"</article>",
            b'<div class="legal">',
            b"</div>",
            b"<p>",
            b"<a href=/t>Terms</a>",
            b"<!--",
            b"-->",
            b"<script>",
            b"</script>",
            CLAUSE.encode(),
            "Text- und Data-Mining ist nicht gestattet. ".encode("utf-16-le"),
            b"Copyright. ",
            b"&nbsp;&shy;&#0;",
            b"\xff\x00",
        ]
    )
    | st.binary(max_size=20),
    max_size=20,
).map(b"".join)


def response(body: bytes) -> Evidence:
    return Evidence(
        kind=RESPONSE,
        url=URL,
        outcome=Outcome.FOUND,
        fetched_at=datetime(2026, 11, 24, tzinfo=UTC),
        status=200,
        fields=(("Content-Type", "text/html"),),
        body=body,
    )


@settings(max_examples=400, deadline=None)
@given(
    st.binary(max_size=400)
    | st.tuples(ODRL, DAMAGE).map(lambda p: json.dumps(p[0], indent=1).replace(*p[1]).encode())
)
def test_any_bytes_are_read_as_a_policy(body: bytes) -> None:
    start = time.perf_counter()
    policy = read_policy(body)
    if policy is not None:
        assert all(len(line) < 60_000 for line in in_lines(policy))
        assert not (policy.repaired and policy.offers(URL))
    assert time.perf_counter() - start < SECONDS


@settings(max_examples=400, deadline=None)
@given(HTML)
def test_boilerplate_of_any_page(body: bytes) -> None:
    start = time.perf_counter()
    sentences = reserving_sentences(body, (("Content-Type", "text/html"),))
    assert time.perf_counter() - start < SECONDS
    assert len(sentences) <= MAX_SENTENCES
    assert all(len(sentence) <= MAX_SENTENCE for sentence in sentences)


@settings(max_examples=300, deadline=None)
@given(HTML)
def test_a_page_reads_as_its_extract_does(body: bytes) -> None:
    whole = response(body)
    parts = extract(whole, AGENT)
    assert read(URL, parts, AGENT) == read(URL, (whole,), AGENT)
    said = [s for s in read(URL, parts, AGENT).statements if s.protocol == "natural_language"]
    assert bool(said) == any(p.kind == KIND for p in parts)


@settings(max_examples=300, deadline=None)
@given(
    st.text(max_size=60)
    | st.recursive(
        st.none() | st.booleans() | TEXTS,
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["version", "protocols", "name", "standing", "enabled"]), inner)
        ),
        max_leaves=12,
    ).map(json.dumps)
)
def test_any_table_is_used_or_refused_with_reasons(text: str) -> None:
    with suppress(ProtocolTableError):
        assert len(overridden(shipped_table(), text).rows) == len(shipped_table().rows)

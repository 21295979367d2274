"""The one JSON form of a row: its keys, their order, and bytes that hide nothing."""

from __future__ import annotations

import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from crawler import present
from crawler.store.queries.decisions import DecisionRow, Warc
from reservations.model import Effect, Reason, Use
from tests.record_tools import START

ROW = DecisionRow(
    id=1,
    url="https://example.org/a",
    via=None,
    host="example.org",
    domain="example.org",
    decided_at=START,
    stage="body",
    verdict="exclude",
    reason="tdmrep.meta",
    reasons=(
        Reason(
            code="tdmrep.meta",
            effect=Effect.EXCLUDE,
            protocol="tdmrep",
            use=Use.TDM,
            evidence="ab" * 32,
            line=3,
            offset=120,
            quote='<meta name="tdm-reservation" content="1">',
        ),
    ),
    crawl=7,
    identity="ExampleBot-0123456789ab",
    policy="2026-11-24-0123456789ab",
    evidence=("cd" * 32, "ab" * 32),
    status=200,
    bytes=1234,
    warc=None,
)


def test_a_decision_line_is_exactly_this() -> None:
    assert present.dumps(present.decision(ROW)) == (
        '{"url":"https://example.org/a","via":null,"host":"example.org","domain":"example.org",'
        '"decided_at":"2026-11-24T05:35:00.000000Z","stage":"body","verdict":"exclude","reason":"tdmrep.meta",'
        '"reasons":[{"code":"tdmrep.meta","protocol":"tdmrep","use":"tdm","evidence":"' + "ab" * 32 + '",'
        '"line":3,"quote":"<meta name=\\"tdm-reservation\\" content=\\"1\\">","why":null}],'
        '"crawl":7,"identity":"ExampleBot-0123456789ab","policy":"2026-11-24-0123456789ab",'
        '"evidence":["' + "cd" * 32 + '","' + "ab" * 32 + '"],"status":200,"bytes":1234,"warc":null}'
    )


def test_keys_and_their_order_are_those_announced() -> None:
    shown = present.decision(replace(ROW, warc=Warc(file="warc/a.warc.gz", offset=1, length=2)))
    assert tuple(shown) == present.DECISION_KEYS
    assert tuple(shown["reasons"][0]) == present.REASON_KEYS
    assert shown["warc"] == {"file": "warc/a.warc.gz", "offset": 1, "length": 2}


def test_what_is_empty_is_null() -> None:
    bare = Reason(code="error.dns", effect=Effect.DEFER, protocol="error")
    assert present.reason(bare) == {
        "code": "error.dns",
        "protocol": "error",
        "use": None,
        "evidence": None,
        "line": None,
        "quote": None,
        "why": None,
    }


def test_text_stays_readable_and_nothing_in_it_acts() -> None:
    line = present.dumps({"quote": "naïve 日本 \x1b[2J \x9b2J \u202e \u2028 \udc80 \x7f"})
    assert line == ('{"quote":"naïve 日本 \\u001b[2J \\u009b2J \\u202e \\u2028 \\udc80 \\u007f"}')


@given(st.text(st.characters()))
def test_a_line_is_one_line_of_utf_8_that_any_reader_gives_back(text: str) -> None:
    line = present.dumps([text])
    assert len(line.splitlines()) == 1
    # Two halves of a pair that stood side by side are one character once written down.
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    assert json.loads(line.encode("utf-8")) == [whole]

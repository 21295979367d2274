"""Header lines keep their order, their number and their own values (RFC 9110 section 5)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from reservations.model import RESPONSE, Evidence, Outcome, response_head
from reservations.readers.http_fields import FieldLine, HttpFields, charset_of, media_type_of

LINES = (
    ("Content-Type", "text/html"),
    ("X-Robots-Tag", "BadBot: noindex"),
    ("x-robots-tag", "\t noai "),
)


def test_names_are_case_insensitive_and_lines_stay_apart() -> None:
    """RFC 9110 sections 5.1 and 5.3: two lines are two lines."""
    assert HttpFields(LINES).get_all("X-ROBOTS-TAG") == (
        FieldLine(name="X-Robots-Tag", value="BadBot: noindex", line=3),
        FieldLine(name="x-robots-tag", value="noai", line=4),
    )


def test_the_last_line_of_a_name_is_the_one_that_is_got() -> None:
    """`get` gives the last line, or None."""
    fields = HttpFields(LINES)
    last = fields.get("X-Robots-Tag")
    assert last is not None
    assert last.value == "noai"
    assert fields.get("Link") is None
    assert "LINK" not in fields
    assert "content-type" in fields


def test_line_numbers_are_those_of_the_response_head() -> None:
    """A stranger finds the line in the stored head."""
    evidence = Evidence(
        kind=RESPONSE,
        url="https://example.com/",
        outcome=Outcome.FOUND,
        fetched_at=datetime(2026, 11, 24, tzinfo=UTC),
        status=200,
        fields=LINES,
    )
    head = response_head(evidence).decode().splitlines()
    for field in HttpFields(LINES).get_all("x-robots-tag"):
        assert field.value in head[field.line - 1]


@pytest.mark.parametrize(
    ("value", "media_type", "charset"),
    [
        ("text/html; charset=UTF-8", "text/html", "utf-8"),
        ('Text/HTML ; Charset="iso-8859-1"; x=y', "text/html", "iso-8859-1"),
        ("text/html;;charset =utf-16", "text/html", "utf-16"),
        ("html", "", ""),
        ("a/b/c", "", ""),
        ("", "", ""),
        (";charset=", "", ""),
    ],
)
def test_media_type_and_charset(value: str, media_type: str, charset: str) -> None:
    """RFC 9110 section 8.3.1; what is not one is empty."""
    assert media_type_of(value) == media_type
    assert charset_of(value) == charset
    fields = HttpFields([("content-type", "x/y"), ("Content-Type", value)])
    assert (fields.media_type(), fields.charset()) == (media_type, charset)


def test_an_answer_without_content_type_states_nothing() -> None:
    """Silence is empty, not a guess."""
    assert (HttpFields(()).media_type(), HttpFields(()).charset()) == ("", "")

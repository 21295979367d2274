"""Asking for what is kept only if it has changed: RFC 9110 section 13, RFC 9111 sections 3.2 and 4.3.4."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from crawler.revalidation import conditions, confirms, freshened, was_confirmed
from reservations.model import RESPONSE, Evidence, Outcome
from reservations.read import read
from tests.record_tools import TERMS

DATE, LATER = "Mon, 23 Nov 2026 10:00:00 GMT", "Tue, 24 Nov 2026 10:00:00 GMT"
THEN, NOW = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 11, 24, tzinfo=UTC)


def kept(*fields: tuple[str, str], outcome: Outcome = Outcome.FOUND) -> Evidence:
    url = "https://example.org/a"
    return Evidence(kind=RESPONSE, url=url, outcome=outcome, fetched_at=THEN, status=200, fields=fields)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ((), {}),
        ((("ETag", '"1"'),), {"If-None-Match": '"1"'}),
        ((("etag", 'W/"1"'),), {"If-None-Match": 'W/"1"'}),
        ((("Last-Modified", DATE),), {"If-Modified-Since": DATE}),
        ((("ETag", '"1"'), ("Last-Modified", "x")), {"If-None-Match": '"1"', "If-Modified-Since": "x"}),
        ((("ETag", '"1"'), ("ETag", '"2"')), {"If-None-Match": '"1"'}),
        ((("ETag", ""),), {}),
        ((("ETag", '"ä"'),), {}),
        ((("ETag", '"\x7f"'),), {}),
        ((("ETag", '"' + "a" * 5000 + '"'),), {}),
    ],
)  # fmt: skip
def test_conditions_are_the_validators_that_can_be_sent(
    fields: tuple[tuple[str, str], ...], expected: dict[str, str]
) -> None:
    assert conditions(kept(*fields)) == expected


@pytest.mark.parametrize("outcome", [o for o in Outcome if o is not Outcome.FOUND])
def test_what_was_not_found_sets_no_condition(outcome: Outcome) -> None:
    assert conditions(kept(("ETag", '"1"'), outcome=outcome)) == {}


def test_fields_of_a_304_replace_those_of_their_names_and_no_others() -> None:
    stored = kept(
        ("Content-Type", "text/html"), ("Cache-Control", "a"), ("cache-control", "b"), ("X-Kept", "1")
    )
    sent = (("CACHE-CONTROL", "c"), ("Cache-Control", "d"), ("ETag", '"2"'), ("Set-Cookie", "secret=1"))
    fresh = freshened(stored, sent, NOW, (("ip", "192.0.2.1"),))
    assert fresh.fields == (
        ("Content-Type", "text/html"),
        ("X-Kept", "1"),
        ("CACHE-CONTROL", "c"),
        ("Cache-Control", "d"),
        ("ETag", '"2"'),
        ("Set-Cookie", "[redacted]"),
    )
    assert (fresh.status, fresh.fetched_at) == (200, NOW)
    assert dict(fresh.details) == {
        "revalidated": "304",
        "replaced": "cache-control, etag, set-cookie",
        "ip": "192.0.2.1",
    }
    assert (was_confirmed(fresh.details), was_confirmed(stored.details)) == (True, False)


@pytest.mark.parametrize(
    "name",
    [
        "Content-Type",
        "Content-Length",
        "Content-Encoding",
        "Content-Range",
        "Transfer-Encoding",
        "Connection",
    ],
)
def test_what_describes_the_stored_body_is_not_replaced(name: str) -> None:
    assert freshened(kept((name, "old")), ((name, "new"),), NOW).fields == ((name, "old"),)


def test_confirming_twice_keeps_one_mark() -> None:
    once = freshened(kept(("ETag", '"1"')), (("ETag", '"1"'),), THEN)
    assert freshened(once, (), NOW).details == (("revalidated", "304"), ("replaced", ""))


def test_a_reservation_on_a_304_is_read_and_a_permission_lifts_none_that_it_does_not_name() -> None:
    stored = kept(("Content-Type", "text/html"), ("X-Robots-Tag", "noai"))
    reserved = freshened(replace(stored, fields=()), (("TDM-Reservation", "1"),), NOW)
    assert {s.code for s in read(stored.url, (reserved,), TERMS.agent).statements} == {"tdmrep.header"}
    still = freshened(stored, (("TDM-Reservation", "0"),), NOW)
    codes = {s.code for s in read(stored.url, (still,), TERMS.agent).statements if s.preference == "reserved"}
    assert codes == {"noai.header"}


@pytest.mark.parametrize(
    ("stored", "sent", "expected"),
    [
        ({"ETag": '"1"'}, {}, True),
        ({"ETag": '"1"'}, {"etag": '"1"'}, True),
        ({"ETag": '"1"'}, {"ETag": '"2"'}, False),
        ({"ETag": '"1"'}, {"ETag": 'W/"1"'}, True),
        ({"ETag": 'W/"1"'}, {"ETag": 'W/"1"'}, True),
        ({"ETag": 'W/"1"'}, {"ETag": '"1"'}, False),  # a strong validator has to be the same
        ({"ETag": 'W/"1"'}, {"ETag": 'W/"2"'}, False),
        ({"Last-Modified": DATE}, {"ETag": '"1"'}, False),
        ({"Last-Modified": DATE}, {"Last-Modified": DATE}, True),
        ({"Last-Modified": DATE}, {"Last-Modified": LATER}, False),
        ({"ETag": '"1"'}, {"Last-Modified": LATER}, True),
    ],
)
def test_a_304_with_another_validator_is_about_another_answer(
    stored: dict[str, str], sent: dict[str, str], expected: bool
) -> None:
    assert confirms(kept(*stored.items()), sent.items()) is expected

"""TDMRep: places against each other, profiles against each other, and where a statement can be looked up."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import reservations
from reservations.facts import Facts
from reservations.model import (
    ALWAYS,
    FAIL_CLOSED,
    LETTER_ONLY,
    RESPONSE,
    TDMREP_JSON,
    Agent,
    Evidence,
    Hop,
    Outcome,
    Preference,
    Reading,
)
from reservations.protocols.robots_meta import PROTOCOL as NOAI
from reservations.protocols.tdmrep import PROTOCOL
from reservations.read import extract
from reservations.readers.robots_directives import nofollow

AGENT = Agent(token="ExampleBot")
URL = "https://ex.org/a"
WHEN = datetime(2026, 11, 24, tzinfo=UTC)


def file(body: str, outcome: Outcome = Outcome.FOUND, status: int | None = 200, **more: Any) -> Evidence:
    """A tdmrep.json as fetched."""
    return Evidence(
        kind=TDMREP_JSON,
        url="https://ex.org/.well-known/tdmrep.json",
        outcome=outcome,
        fetched_at=WHEN,
        status=status,
        body=body.encode(),
        **more,
    )


def page(*fields: tuple[str, str], body: str = "") -> Evidence:
    """An answer to URL."""
    if body:
        fields = (*fields, ("Content-Type", "text/html"))
    return Evidence(
        kind=RESPONSE,
        url=URL,
        outcome=Outcome.FOUND,
        fetched_at=WHEN,
        status=200,
        fields=fields,
        body=body.encode(),
    )


def facts(*evidence: Evidence) -> Facts:
    """What protocols see of it."""
    return Facts(url=URL, evidence=[part for e in evidence for part in extract(e, AGENT)], agent=AGENT)


def read(*evidence: Evidence) -> Reading:
    """What TDMRep makes of it."""
    return PROTOCOL.parse(facts(*evidence))


def test_a_rule_is_located_by_line_and_quote() -> None:
    """The rightsholder can look it up in the stored file."""
    source = file(
        '[\n  {"location": "/x", "tdm-reservation": 0},\n  {"location": "/", "tdm-reservation": 1}\n]'
    )
    (statement,) = read(source).statements
    assert statement.locator.evidence == source.sha256
    assert statement.locator.line == 3
    assert statement.locator.quote == '{"location": "/", "tdm-reservation": 1}'
    assert (statement.scope, statement.decided_by, statement.under) == ("/", "file", ALWAYS)


def test_a_header_is_located_by_its_line() -> None:
    """Line 1 of the head is the status."""
    answer = page(("Server", "x"), ("TDM-Reservation", "1"))
    (statement,) = read(answer).statements
    assert (statement.locator.evidence, statement.locator.line) == (answer.sha256, 3)
    assert statement.locator.quote == "TDM-Reservation: 1"


def test_a_meta_is_located_by_its_offset_in_the_page() -> None:
    """The extract is the evidence; the offset is in the body as received."""
    (statement,) = read(page(body='<p>x</p><meta name="tdm-reservation" content="1">')).statements
    assert (statement.locator.line, statement.locator.offset) == (2, 8)
    assert statement.locator.quote == '<meta name="tdm-reservation" content="1">'


def test_reservation_and_policy_are_superseded_each_for_itself() -> None:
    """Processing priority: the header decides, the policy is the file's."""
    rules = file('[{"location": "/", "tdm-reservation": 0, "tdm-policy": "https://ex.org/p"}]')
    (statement,) = read(rules, page(("tdm-reservation", "1"))).statements
    assert (statement.decided_by, statement.policy_url) == ("header", "https://ex.org/p")


def test_a_policy_is_relative_to_where_the_file_was_found() -> None:
    """RFC 3986 section 5.1.3: the base is the address that answered."""
    moved = file(
        '[{"location": "/", "tdm-reservation": 1, "tdm-policy": "p.json"}]',
        redirects=(Hop(status=301, location="https://www.ex.org/tdm/rep.json"),),
    )
    (statement,) = read(moved).statements
    assert statement.policy_url == "https://www.ex.org/tdm/p.json"


def test_where_profiles_read_differently_each_has_its_statement() -> None:
    """The letter permits, failing closed reserves."""
    rules = file('[{"location": "/", "tdm-reservation": 0}, {"location": "/a", "tdm-reservation": 1}]')
    said = {s.under: (s.preference, s.code) for s in read(rules).statements}
    assert said == {
        LETTER_ONLY: (Preference.PERMITTED, "tdmrep.file"),
        FAIL_CLOSED: (Preference.RESERVED, "tdmrep.file"),
    }


@pytest.mark.parametrize(
    "member", ["0", '"0"', "false", "null", '""', "[]", "{}", "3", "-1", "0.5", '"no"', "1e400"]
)
def test_what_does_not_plainly_reserve_is_not_honoured(member: str) -> None:
    """Leniency has an end."""
    statements = read(file(f'[{{"location": "/", "tdm-reservation": {member}}}]')).statements
    assert all(s.preference is Preference.PERMITTED for s in statements)


@pytest.mark.parametrize("member", ["true", "2", '"1"', '"true"', '" 1 "', '"?1"', "2.0"])
def test_what_plainly_reserves_is_honoured_failing_closed(member: str) -> None:
    """`True == 1` in Python must not make `true` conform."""
    (statement,) = read(file(f'[{{"location": "/", "tdm-reservation": {member}}}]')).statements
    assert (statement.under, statement.code) == (FAIL_CLOSED, "tdmrep.malformed")


@pytest.mark.parametrize(
    ("outcome", "status", "unknown"),
    [
        (Outcome.ABSENT, 404, False),
        (Outcome.REFUSED, 401, False),
        (Outcome.REFUSED, 403, False),
        (Outcome.REFUSED, 451, False),
        (Outcome.REFUSED, 407, True),
        (Outcome.REFUSED, 429, True),
        (Outcome.UNREACHABLE, 429, True),
        (Outcome.UNREACHABLE, 503, True),
        (Outcome.UNREACHABLE, None, True),
        (Outcome.TOO_LARGE, 200, True),
        (Outcome.MALFORMED, 302, True),
    ],
)
def test_failures_of_the_file(outcome: Outcome, status: int | None, unknown: bool) -> None:
    """Unknown is deferred, and never read as absence; by the letter it is no implementation."""
    reading = read(file("", outcome, status))
    assert [(u.code, u.under) for u in reading.unknowns] == [("tdmrep.unreachable", FAIL_CLOSED)] * unknown
    assert reading.statements == ()


def test_nofollow_is_found_in_header_and_meta_and_only_for_us() -> None:
    """For the spider; `none` means noindex and nofollow."""
    assert nofollow(facts(page(("X-Robots-Tag", "ExampleBot: nofollow"))))
    assert nofollow(facts(page(body='<meta name="robots" content="NONE">')))
    assert not nofollow(facts(page(("X-Robots-Tag", "BadBot: nofollow"))))
    assert not nofollow(facts(page()))


def _vectors(name: str) -> list[dict[str, Any]]:
    path = Path(reservations.__file__).parent / "vectors" / f"{name}.json"
    vectors: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    assert vectors
    return vectors


@pytest.mark.parametrize(("protocol", "name"), [(PROTOCOL, "tdmrep"), (NOAI, "robots-meta")])
def test_every_note_is_produced_by_a_vector(protocol: Any, name: str) -> None:
    """A note that nothing can cause is dead text."""
    expected = {code for v in _vectors(name) for code in v["expect"].get("notes", ())}
    assert expected == {kind.code for kind in protocol.notes}

"""RSL: what vectors cannot say. RSL-SPEC-1.0, https://rslstandard.org/rsl."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from reservations.facts import Facts
from reservations.model import Agent, Evidence, EvidenceRequest, Outcome, Preference
from reservations.plan import plan
from reservations.protocols import rsl
from reservations.readers.link_fields import read_links
from reservations.readers.rsl_document import MAX_ELEMENTS, ProblemKind, max_age, read_rsl

WHEN = datetime(2026, 11, 24, tzinfo=UTC)
AGENT = Agent(token="ExampleBot")
OPEN = '<rsl xmlns="https://rslstandard.org/rsl"'


def found(kind: str, url: str, body: str, outcome: Outcome = Outcome.FOUND) -> Evidence:
    return Evidence(kind=kind, url=url, outcome=outcome, fetched_at=WHEN, status=200, body=body.encode())


def facts(*evidence: Evidence, url: str = "https://example.com/a") -> Facts:
    return Facts(url=url, evidence=evidence, agent=AGENT)


def robots(body: str) -> Evidence:
    return found("robots.txt", "https://example.com/robots.txt", body)


@pytest.mark.parametrize(
    ("attribute", "days"),
    [("", 30), (' max-age="7"', 7), (' max-age="0"', 30), (' max-age="-1"', 30), (' max-age="x"', 30)],
)
def test_s3_2_max_age_is_in_days_and_thirty_by_default(attribute: str, days: int) -> None:
    document = read_rsl(f'{OPEN}{attribute}><content url="/"><license/></content></rsl>'.encode())
    assert max_age(document) == days * 86_400


def test_s3_2_a_document_is_never_kept_for_longer_than_ten_years() -> None:
    assert max_age(read_rsl(f'{OPEN} max-age="99999999"/>'.encode())) == 3_650 * 86_400


def test_s4_2_wants_each_document_once_without_fragment_and_not_more_than_eight() -> None:
    lines = [f"License: https://example.com/{i % 12}.xml#{i}" for i in range(40)]
    wanted = rsl.wants(facts(robots("\n".join(lines))))
    assert wanted == tuple(EvidenceRequest(kind="rsl", url=f"https://example.com/{i}.xml") for i in range(8))


def test_s4_2_nothing_is_wanted_before_robots_txt_and_where_no_license_is_named() -> None:
    assert rsl.wants(facts()) == ()
    assert rsl.wants(facts(robots("User-agent: *\nAllow: /\n"))) == ()


def test_s4_4_only_web_addresses_are_asked_for() -> None:
    lines = "License: file:///etc/passwd\nLicense: javascript:alert(1)\nLicense: https://[::1\nLicense:\n"
    assert rsl.wants(facts(robots(lines))) == ()


def test_s4_the_plan_asks_for_the_document_and_then_for_nothing_more() -> None:
    url = "https://example.com/a"
    evidence = [robots("License: https://example.com/license.xml\n")]
    while wanted := plan(url, evidence, AGENT):
        evidence += [found(r.kind, r.url, "", Outcome.ABSENT) for r in wanted]
    asked = [e.url for e in evidence if e.kind == "rsl"]
    assert asked == ["https://example.com/license.xml"]


def test_a_document_not_asked_for_yet_says_nothing() -> None:
    assert rsl.parse(facts(robots("License: https://example.com/license.xml\n"))).statements == ()


def test_a_reservation_names_line_and_words_in_the_document() -> None:
    body = f'{OPEN}>\n <content url="/">\n  <license>\n   <prohibits type="usage">ai-train</prohibits>\n'
    document = found("rsl", "https://example.com/license.xml", body + "  </license></content></rsl>")
    reading = rsl.parse(facts(robots("License: https://example.com/license.xml\n"), document))
    reserved = next(s for s in reading.statements if s.preference is Preference.RESERVED)
    assert reserved.locator.evidence == document.sha256
    assert reserved.locator.line == 4
    assert reserved.locator.offset == body.index("<prohibits")
    assert reserved.locator.quote == '<prohibits type="usage">ai-train</prohibits>'


def test_a_missing_document_is_located_at_its_pointer() -> None:
    file = robots("User-agent: *\nLicense: https://example.com/license.xml\n")
    absent = found("rsl", "https://example.com/license.xml", "", Outcome.ABSENT)
    statement = rsl.parse(facts(file, absent)).statements[0]
    assert (statement.locator.evidence, statement.locator.line) == (file.sha256, 2)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (f"{OPEN}>" + "<content url='/'/>" * MAX_ELEMENTS + "</rsl>", ProblemKind.TOO_LARGE),
        (f"{OPEN}>" + " " * 1_100_000 + "</rsl>", ProblemKind.TOO_LARGE),
        ('<?xml version="1.0" encoding="no-such"?><rsl/>', ProblemKind.NOT_XML),
        ('<!DOCTYPE r SYSTEM "https://example.com/x.dtd"><rsl/>', ProblemKind.DOCTYPE),
        ('<!DOCTYPE r [<!ENTITY % p SYSTEM "file:///x"> %p;]><rsl/>', ProblemKind.DOCTYPE),
    ],
)
def test_s8_hostile_documents_are_refused(body: str, kind: ProblemKind) -> None:
    assert [p.kind for p in read_rsl(body.encode()).problems] == [kind]


def test_rfc8288_s3_links_with_quotes_commas_and_several_relations() -> None:
    one, two = read_links('<a,b>; title="x; y, <c>"; rel=next, <https://d/>; REL="License up"; type=T/X')
    assert (one.target, one.relations) == ("a,b", ("next",))
    assert (two.target, two.relations, two.media_type) == ("https://d/", ("license", "up"), "t/x")

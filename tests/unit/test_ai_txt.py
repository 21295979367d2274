"""ai.txt and trust.txt: what vectors cannot say."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from reservations.facts import Facts
from reservations.model import Agent, Evidence, EvidenceRequest, Outcome
from reservations.plan import plan
from reservations.protocols import ai_txt, trust_txt
from reservations.readers.ai_txt_file import subject_of

WHEN = datetime(2026, 11, 24, tzinfo=UTC)
AGENT = Agent(token="ExampleBot")
ROOT = "https://example.com"
FALLBACK = EvidenceRequest(kind="trust.txt", url=f"{ROOT}/.well-known/trust.txt")


def answer(path: str, outcome: Outcome, body: bytes = b"", kind: str = "trust.txt") -> Evidence:
    return Evidence(kind=kind, url=ROOT + path, outcome=outcome, fetched_at=WHEN, body=body)


def facts(*evidence: Evidence) -> Facts:
    return Facts(url=f"{ROOT}/a", evidence=evidence, agent=AGENT)


def test_the_well_known_place_is_wanted_only_once_the_root_is_known_to_have_nothing() -> None:
    assert trust_txt.wants(facts()) == ()
    assert trust_txt.wants(facts(answer("/trust.txt", Outcome.ABSENT))) == (FALLBACK,)
    assert trust_txt.wants(facts(answer("/trust.txt", Outcome.FOUND, b"<html>x"))) == (FALLBACK,)
    for outcome in (Outcome.UNREACHABLE, Outcome.REFUSED, Outcome.TOO_LARGE):
        assert trust_txt.wants(facts(answer("/trust.txt", outcome))) == ()
    assert trust_txt.wants(facts(answer("/trust.txt", Outcome.FOUND, b"member=https://x/"))) == ()


def test_the_well_known_place_is_wanted_once() -> None:
    both = (answer("/trust.txt", Outcome.ABSENT), answer("/.well-known/trust.txt", Outcome.ABSENT))
    assert trust_txt.wants(facts(*both)) == ()


def test_the_plan_asks_for_each_file_once() -> None:
    evidence = [answer("/robots.txt", Outcome.ABSENT, kind="robots.txt")]
    while wanted := plan(f"{ROOT}/a", evidence, AGENT):
        evidence += [answer(r.url.removeprefix(ROOT), Outcome.ABSENT, kind=r.kind) for r in wanted]
    asked = [e.url.removeprefix(ROOT) for e in evidence]
    assert len(asked) == len(set(asked))
    assert {"/ai.txt", "/trust.txt", "/.well-known/trust.txt"} <= set(asked)


@pytest.mark.parametrize("protocol", [ai_txt, trust_txt])
def test_an_absent_file_costs_no_reading_and_says_nothing(protocol: object) -> None:
    reading = protocol.PROTOCOL.parse(  # type: ignore[attr-defined]
        facts(answer("/trust.txt", Outcome.ABSENT), answer("/ai.txt", Outcome.ABSENT, kind="ai.txt"))
    )
    assert (reading.statements, reading.unknowns, reading.notes) == ((), (), ())


@pytest.mark.parametrize(
    ("path", "media_type", "extensions"),
    [
        ("/a.JPG?x=.png", "", {"jpg"}),
        ("/a.b/c", "image/jpeg", {"jpg", "jpeg"}),
        ("/a.", "", set()),
        ("/.htaccess", "", set()),
        ("/x.tar.gz", "image/png", {"gz"}),
        ("/%66.%70df", "", {"pdf"}),
    ],
)
def test_the_extension_is_of_the_last_segment_and_the_media_type_stands_in(
    path: str, media_type: str, extensions: set[str]
) -> None:
    assert subject_of(ROOT + path, media_type).extensions == extensions

"""Accepted TDM policies: pinned documents, and what the gate waits for. TDMRep "Expressing a TDM Policy"."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256

import pytest

from crawler.config import Config
from crawler.gate import Case, Terms, judge
from crawler.store.terms import terms_from_canonical
from reservations.acceptance import read_entry
from reservations.model import RESPONSE, ROBOTS_TXT, TDMREP_JSON, Agent, Evidence, Outcome, Stage, Verdict
from reservations.plan import plan
from reservations.policy import Policy

URL = "https://ex.org/a"
WHEN = datetime(2026, 11, 24, tzinfo=UTC)
UID = "https://ex.org/p1"
POLICY = json.dumps(
    {
        "uid": UID,
        "assigner": {"vcard:fn": "Example Press", "vcard:hasEmail": "mailto:rights@ex.org"},
        "permission": [{"action": "tdm:mine"}],
    }
)
PIN = f"{UID} sha256:{sha256(POLICY.encode()).hexdigest()}"
NAMED = (("tdm-reservation", "1"), ("tdm-policy", "https://ex.org/p.json"))


def found(kind: str, url: str, body: str = "", fields: tuple[tuple[str, str], ...] = ()) -> Evidence:
    outcome = Outcome.FOUND if body or fields else Outcome.ABSENT
    return Evidence(
        kind=kind,
        url=url,
        outcome=outcome,
        fetched_at=WHEN,
        status=404 if outcome is Outcome.ABSENT else 200,
        fields=fields,
        body=body.encode(),
    )


def terms(*accepted: str) -> Terms:
    agent = Agent(token="ExampleBot", reads_policies=bool(accepted))
    return Terms(agent=agent, policy=Policy(accepted_policies=frozenset(accepted)))


def case(stage: Stage, *more: Evidence, fields: tuple[tuple[str, str], ...] = NAMED) -> Case:
    evidence = (found(RESPONSE, URL, fields=fields), *more)
    while wanted := plan(URL, evidence, Agent(token="ExampleBot")):
        evidence = (*evidence, *(found(r.kind, r.url) for r in wanted))
    return Case(url=URL, stage=stage, decided_at=WHEN, evidence=evidence)


def test_an_answer_whose_policy_may_be_accepted_is_not_turned_away_at_its_header() -> None:
    assert judge(case(Stage.HEADERS), terms(UID)).verdict is Verdict.KEEP
    assert judge(case(Stage.HEADERS), terms()).verdict is Verdict.EXCLUDE
    noai = judge(case(Stage.HEADERS, fields=(*NAMED, ("X-Robots-Tag", "noai"))), terms(UID))
    assert noai.reason == "noai.header"
    alone = judge(case(Stage.HEADERS, fields=NAMED[:1]), terms(UID))
    assert alone.reason == "tdmrep.header"


def test_the_policy_is_asked_for_and_the_body_is_judged_with_it() -> None:
    before = case(Stage.BODY)
    assert judge(before, terms(UID)).verdict is Verdict.EXCLUDE
    (request,) = plan(URL, before.evidence, terms(UID).agent)
    assert (request.kind, request.url) == ("tdm-policy", "https://ex.org/p.json")
    policy = found("tdm-policy", request.url, POLICY)
    assert judge(replace(before, evidence=(*before.evidence, policy)), terms(UID)).verdict is Verdict.KEEP
    gone = found("tdm-policy", request.url)
    assert judge(replace(before, evidence=(*before.evidence, gone)), terms(UID)).reason == "tdmrep.header"


def test_once_read_a_policy_that_is_not_accepted_turns_the_answer_away_at_its_header() -> None:
    read = case(Stage.HEADERS, found("tdm-policy", "https://ex.org/p.json", POLICY))
    assert judge(read, terms("https://ex.org/p2")).reason == "tdmrep.header"
    assert judge(read, terms(PIN)).verdict is Verdict.KEEP
    assert judge(read, terms(f"{UID} sha256:{'0' * 64}")).reason == "tdmrep.header"


def test_what_was_accepted_is_recorded_and_decides_again() -> None:
    ours = terms(PIN)
    again = terms_from_canonical(ours.canonical)
    assert again.policy.accepted_policies == {PIN}
    assert again.policy_id == ours.policy_id


@pytest.mark.parametrize(
    ("text", "entry"),
    [
        (UID, (UID, "")),
        (f"  {UID}   sha256:{'a' * 64} ", (UID, "a" * 64)),
        ("urn:uuid:1#x", ("urn:uuid:1#x", "")),
    ],
)
def test_entries(text: str, entry: tuple[str, str]) -> None:
    assert read_entry(text) == entry


@pytest.mark.parametrize(
    "text", ["", f"{UID} sha256:abc", f"{UID} {'a' * 64}", f"{UID} sha256:{'A' * 64}", f"{UID} md5:1", "a b"]
)
def test_an_entry_that_is_none_says_how_to_write_it(text: str) -> None:
    with pytest.raises(ValueError, match=r"forbear check URL --explain"):
        read_entry(text)
    with pytest.raises(ValueError, match=r"policy's uid"):
        Config.model_validate({"policy": {"accepted_policies": [text]}})


def test_files_and_header_lines_name_policies_alike() -> None:
    rule = json.dumps([{"location": "/", "tdm-reservation": 1, "tdm-policy": "https://ex.org/p.json"}])
    file = found(TDMREP_JSON, "https://ex.org/.well-known/tdmrep.json", rule)
    policy = found("tdm-policy", "https://ex.org/p.json", POLICY)
    robots = found(ROBOTS_TXT, "https://ex.org/robots.txt", "User-agent: *\nAllow: /\n")
    assert (
        judge(
            case(Stage.BODY, robots, file, policy, fields=(("Content-Type", "text/html"),)), terms(PIN)
        ).verdict
        is Verdict.KEEP
    )

"""Laws of deciding: order does not matter, a reservation only ever closes, unknown never opens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.conformance import evidence_of
from crawler.gate import Case, Terms, judge
from crawler.vectors import shipped_vectors
from reservations.decide import decide, reasons_of
from reservations.model import (
    ALWAYS,
    FAIL_CLOSED,
    STRICT_ONLY,
    Agent,
    Effect,
    Evidence,
    Locator,
    OtherBot,
    Outcome,
    Preference,
    Profile,
    Reading,
    Reason,
    Stage,
    Statement,
    TokenClass,
    Unknown,
    Use,
    Verdict,
)
from reservations.plan import plan
from reservations.policy import Inference, Policy
from reservations.read import extract, read

WHEN = datetime(2026, 11, 24, tzinfo=UTC)
AGENT = Agent(token="ExampleBot")
HARDNESS = {Verdict.KEEP: 0, Verdict.DEFER: 1, Verdict.EXCLUDE: 2}

under = st.sampled_from([ALWAYS, FAIL_CLOSED, STRICT_ONLY])
locators = st.builds(Locator, evidence=st.just("0" * 64), line=st.integers(1, 9))
bots = st.none() | st.builds(
    OtherBot,
    token=st.sampled_from(["GPTBot", "CCBot"]),
    operator=st.sampled_from(["OpenAI", "Common Crawl"]),
    token_class=st.sampled_from(TokenClass),
)
statements = st.builds(
    Statement,
    protocol=st.sampled_from(["robots", "tdmrep", "aipref"]),
    code=st.sampled_from(["robots.disallow", "tdmrep.file", "aipref.robots"]),
    use=st.none() | st.sampled_from(Use),
    preference=st.sampled_from(Preference),
    locator=locators,
    under=under,
    inferred_from=bots,
    advisory=st.booleans(),
)
unknowns = st.builds(
    Unknown,
    protocol=st.just("robots"),
    code=st.just("robots.unreachable"),
    locator=locators,
    why=st.just("no answer"),
    under=under,
)
policies = st.builds(
    Policy,
    profile=st.sampled_from(Profile),
    uses=st.frozensets(st.sampled_from(Use), min_size=1),
    infer_from_other_bots=st.sampled_from(Inference),
)


def verdict(said: Sequence[Statement], unknown: Sequence[Unknown], policy: Policy) -> Verdict:
    reading = Reading(statements=tuple(said), unknowns=tuple(unknown))
    return decide(reasons_of(reading, policy))[0]


@given(st.lists(statements, max_size=5), st.lists(unknowns, max_size=2), policies, st.randoms())
def test_order_never_changes_a_decision(said: Any, unknown: Any, policy: Policy, random: Any) -> None:
    shuffled = list(said)
    random.shuffle(shuffled)
    one = decide(reasons_of(Reading(statements=tuple(said), unknowns=tuple(unknown)), policy))
    two = decide(reasons_of(Reading(statements=tuple(shuffled), unknowns=tuple(unknown)), policy))
    assert one == two


@given(st.lists(statements, max_size=5), st.lists(unknowns, max_size=2), statements, policies)
def test_one_more_statement_never_opens(said: Any, unknown: Any, more: Statement, policy: Policy) -> None:
    assert HARDNESS[verdict([*said, more], unknown, policy)] >= HARDNESS[verdict(said, unknown, policy)]


@given(st.lists(statements, max_size=5), unknowns, policies)
def test_unknown_never_becomes_allowed(said: Any, unknown: Unknown, policy: Policy) -> None:
    if policy.profile in unknown.under:
        assert verdict(said, [unknown], policy) is not Verdict.KEEP


@given(st.lists(statements.filter(lambda s: s.preference is Preference.PERMITTED), max_size=5), policies)
def test_a_permission_lifts_nothing(said: Any, policy: Policy) -> None:
    reserved = Statement(
        protocol="tdmrep",
        code="tdmrep.file",
        use=None,
        preference=Preference.RESERVED,
        locator=Locator(evidence="0" * 64),
    )
    assert verdict([*said, reserved], [], policy) is Verdict.EXCLUDE


@given(
    st.lists(
        st.builds(
            Reason, code=st.text(max_size=9), effect=st.sampled_from(Effect), protocol=st.text(max_size=3)
        ),
        max_size=4,
    )
)
def test_reasons_in_any_order_and_number_give_one_verdict(reasons: list[Reason]) -> None:
    assert len({decide(order) for order in permutations(reasons)}) == 1
    assert decide([*reasons, *reasons]) == decide(reasons)


VECTORS = list(shipped_vectors())


def _evidence(vector: dict[str, Any]) -> tuple[Evidence, ...]:
    return tuple(map(evidence_of, vector["evidence"]))


@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: v["name"])
def test_reading_the_extract_is_reading_the_body(vector: dict[str, Any]) -> None:
    agent = Agent(token=vector["agent"])
    whole = _evidence(vector)
    parts = tuple(part for item in whole for part in extract(item, agent))
    assert tuple(part for item in parts for part in extract(item, agent)) == parts
    assert read(vector["url"], whole, agent) == read(vector["url"], parts, agent)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: v["name"])
@pytest.mark.parametrize("profile", [Profile.STANDARD, Profile.STRICT])
def test_what_cannot_be_had_never_opens_what_its_absence_would_not(
    vector: dict[str, Any], profile: Profile
) -> None:
    agent = Agent(token=vector["agent"])
    terms = Terms(agent=agent, policy=Policy(profile=profile))

    def judged(outcome: Outcome) -> Verdict:
        evidence: tuple[Evidence, ...] = ()
        while wanted := plan(vector["url"], evidence, agent, profile):
            blank = (
                Evidence(kind=r.kind, url=r.url, outcome=outcome, fetched_at=WHEN, status=None)
                for r in wanted
            )
            evidence = (*evidence, *blank)
        own = tuple(e for e in _evidence(vector) if e.kind not in {x.kind for x in evidence})
        case = Case(url=vector["url"], stage=Stage.BODY, decided_at=WHEN, evidence=(*evidence, *own))
        return judge(case, terms).verdict

    if vector["url"].endswith("/robots.txt"):
        return  # always allowed, RFC 9309 section 2.2.2
    absent = judged(Outcome.ABSENT)
    for outcome in (Outcome.UNREACHABLE, Outcome.REFUSED, Outcome.MALFORMED, Outcome.TOO_LARGE):
        assert HARDNESS[judged(outcome)] >= max(HARDNESS[absent], HARDNESS[Verdict.DEFER]), outcome


@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: v["name"])
def test_the_stricter_profile_never_opens(vector: dict[str, Any]) -> None:
    agent = Agent(token=vector["agent"])
    evidence = _evidence(vector)
    case = Case(url=vector["url"], stage=Stage.HEADERS, decided_at=WHEN, evidence=evidence)

    def hardness(profile: Profile) -> int:
        return HARDNESS[judge(case, Terms(agent=agent, policy=replace(Policy(), profile=profile))).verdict]

    assert hardness(Profile.STANDARD) <= hardness(Profile.STRICT)

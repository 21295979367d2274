"""Run conformance vectors against this build. Pure: parsed JSON in, results out.

A vector is `{name, protocol, spec, agent, url, evidence, expect, comment}`; the operator is
commercial, in the EU, with the default uses, and evidence that is not listed is absent. A key that
this runner does not know fails the vector, so that no expectation is ever passed over.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from crawler.gate import Case, Decision, Terms, judge
from reservations.decide import preference_for
from reservations.model import (
    RESPONSE,
    Agent,
    Evidence,
    Hop,
    Outcome,
    Preference,
    Profile,
    Reading,
    Stage,
)
from reservations.outcomes import outcome_of
from reservations.plan import plan
from reservations.policy import TRAINING_USES, Policy, reserved_uses
from reservations.read import extract, read

_WHEN = datetime(2026, 11, 24, tzinfo=UTC)
_DETAILS = ("language", "validation_state", "validation_status", "ingredients")
_FIELDS = {"kind", "url", "status", "headers", "body", "body_base64", "redirects", "outcome", *_DETAILS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of one vector."""

    name: str
    protocol: str
    failures: tuple[str, ...]
    disputed: str = ""

    @property
    def passed(self) -> bool:
        """Whether every expectation held."""
        return not self.failures


@dataclass(frozen=True, slots=True, kw_only=True)
class _Subject:
    """A vector with its evidence read."""

    url: str
    evidence: tuple[Evidence, ...]
    reading: Reading
    agent: Agent
    accepted: frozenset[str] = frozenset()
    """`uid`s of TDM policies that the operator accepted."""

    def decision(self, profile: Profile) -> Decision:
        case = Case(url=self.url, stage=Stage.BODY, decided_at=_WHEN, evidence=self.evidence)
        policy = Policy(profile=profile, accepted_policies=self.accepted)
        return judge(case, Terms(agent=self.agent, policy=policy))

    def uses(self, expected: Mapping[str, str], profile: Profile) -> list[str]:
        said = {use: preference_for(self.reading, use, profile) for use in expected}
        return [
            f"{profile}: {use} is {said[use]}, not {want}"
            for use, want in expected.items()
            if said[use] != want
        ]

    def crawl(self, profile: Profile) -> str:
        denied = any(
            s.use is None and s.preference is Preference.RESERVED and profile in s.under
            for s in self.reading.statements
        )
        unknown = any(u.code.startswith("robots.") and profile in u.under for u in self.reading.unknowns)
        return "deny" if denied or unknown else "allow"


def evidence_of(record: Mapping[str, Any]) -> Evidence:
    """Build evidence from a vector's record. Raises ValueError for a field that is not known."""
    unknown = set(record) - _FIELDS
    if unknown:
        raise ValueError(f"unknown evidence field {', '.join(sorted(unknown))}")
    status = record.get("status", 200)
    outcome = Outcome(record["outcome"]) if "outcome" in record else outcome_of(status)
    coded = record.get("body_base64")
    return Evidence(
        kind=record["kind"],
        url=record["url"],
        outcome=Outcome.FOUND if record["kind"] == RESPONSE else outcome,
        fetched_at=_WHEN,
        status=status,
        fields=tuple((name, value) for name, value in record.get("headers", ())),
        body=base64.b64decode(coded) if coded else record.get("body", "").encode("utf-8", "surrogatepass"),
        redirects=tuple(Hop(status=s, location=to) for s, to in record.get("redirects", ())),
        details=tuple((key, _detail(record[key])) for key in _DETAILS if key in record),
    )


def _detail(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _with_absent(url: str, given: tuple[Evidence, ...], agent: Agent) -> tuple[Evidence, ...]:
    """The evidence given, and as absent whatever else would be asked for."""
    evidence = given
    while wanted := plan(url, evidence, agent):
        missing = (
            Evidence(kind=r.kind, url=r.url, outcome=Outcome.ABSENT, fetched_at=_WHEN, status=404)
            for r in wanted
        )
        evidence = (*evidence, *missing)
    return evidence


def _subject(vector: Mapping[str, Any]) -> _Subject:
    given = tuple(map(evidence_of, vector["evidence"]))
    accepted = frozenset(vector.get("accepted_policies", ()))
    agent = Agent(token=vector["agent"], reads_policies=bool(accepted))
    parts = tuple(part for item in given for part in extract(item, agent))
    evidence = _with_absent(vector["url"], parts, agent)
    reading = read(vector["url"], evidence, agent)
    return _Subject(url=vector["url"], evidence=evidence, reading=reading, agent=agent, accepted=accepted)


def _verdict(s: _Subject, want: str) -> list[str]:
    decision = s.decision(Profile.STANDARD)
    got = decision.verdict
    return [] if got == want else [f"verdict is {got} ({decision.reason}), not {want}"]


def _reason(s: _Subject, want: str) -> list[str]:
    codes = [r.code for r in s.decision(Profile.STANDARD).reasons] or ["none"]
    holds = any(code == want or code.startswith(want + ".") for code in codes)
    return [] if holds else [f"reasons are {', '.join(codes)}, not {want}"]


def _crawl(s: _Subject, want: str) -> list[str]:
    got = s.crawl(Profile.STANDARD)
    return [] if got == want else [f"crawl is {got}, not {want}"]


def _crawl_by_the_letter(s: _Subject, want: str) -> list[str]:
    got = s.crawl(Profile.LETTER)
    return [] if got == want else [f"crawl by the letter is {got}, not {want}"]


def _training(s: _Subject, want: str) -> list[str]:
    reserved = any(
        st.preference is Preference.RESERVED
        and Profile.STANDARD in st.under
        and not st.advisory
        and not TRAINING_USES.isdisjoint(reserved_uses(st.use))
        for st in s.reading.statements
    )
    got = "reserved" if reserved else "not reserved"
    return [] if got == want else [f"training is {got}, not {want}"]


def _standing(s: _Subject) -> Iterable[Any]:
    return (st for st in s.reading.statements if Profile.STANDARD in st.under)


def _policy(s: _Subject, want: str | None) -> list[str]:
    got = next((st.policy_url for st in _standing(s) if st.policy_url), None)
    return [] if got == want else [f"policy is {got}, not {want}"]


def _decided_by(s: _Subject, want: str) -> list[str]:
    got = sorted({st.decided_by for st in _standing(s) if st.decided_by})
    return [] if want in got else [f"decided by {got or 'nothing'}, not {want}"]


def _code(s: _Subject, want: str | None) -> list[str]:
    got = next((st.scope for st in _standing(s) if st.protocol == "iptc_plus"), None)
    return [] if got == want else [f"PLUS code is {got}, not {want}"]


def _advisory(s: _Subject, want: bool) -> list[str]:
    got = any(st.advisory for st in s.reading.statements)
    return [] if got == want else [f"advisory is {got}, not {want}"]


def _notes(s: _Subject, want: list[str]) -> list[str]:
    got = {note.kind.code for note in s.decision(Profile.STANDARD).notes}
    return [f"note {code} is missing" for code in want if code not in got]


_CHECKS: dict[str, Callable[[_Subject, Any], list[str]]] = {
    "uses": lambda s, want: s.uses(want, Profile.STANDARD),
    "uses_strict": lambda s, want: s.uses(want, Profile.STRICT),
    "uses_by_the_letter": lambda s, want: s.uses(want, Profile.LETTER),
    "crawl": _crawl,
    "crawl_by_the_letter": _crawl_by_the_letter,
    "verdict": _verdict,
    "reason": _reason,
    "training": _training,
    "policy": _policy,
    "decided_by": _decided_by,
    "code": _code,
    "advisory": _advisory,
    "notes": _notes,
}


def notes_of(vector: Mapping[str, Any]) -> frozenset[str]:
    """Codes of the notes that a vector's evidence produces."""
    return frozenset(note.kind.code for note in _subject(vector).decision(Profile.STANDARD).notes)


def run_vector(vector: Mapping[str, Any]) -> Result:
    """Run one vector. A malformed vector is a failure that says what is wrong with it."""
    name = str(vector.get("name", "(without a name)"))
    try:
        subject = _subject(vector)
        failures = [
            problem
            for key, want in vector["expect"].items()
            for problem in (_CHECKS[key](subject, want) if key in _CHECKS else [f"unknown key {key!r}"])
        ]
    except (KeyError, TypeError, ValueError) as error:
        failures = [f"cannot be run: {type(error).__name__}: {error}"]
    return Result(
        name=name,
        protocol=str(vector.get("protocol", name.partition("/")[0])),
        failures=tuple(failures),
        disputed=str(vector.get("disputed", "")),
    )

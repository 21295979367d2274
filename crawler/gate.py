"""The gate: lists, reservations and access signals meet here, and only here. Pure.

`judge` is the same function before a fetch, on response headers, after the body, and years later
from stored evidence. It gathers reasons; `reservations.decide` alone orders them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from hashlib import sha256

from blocklists.model import Hit
from crawler.access import access_reasons
from reservations.acceptance import awaiting, notes_on_acceptance
from reservations.decide import decide, reasons_of
from reservations.facts import Facts
from reservations.model import (
    Agent,
    Effect,
    Evidence,
    Note,
    Reason,
    Stage,
    Verdict,
)
from reservations.plan import plan_for
from reservations.policy import Policy
from reservations.read import Reader


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What we bring to every judgement: who we are and what we intend."""

    agent: Agent
    policy: Policy
    types: tuple[str, ...] = ("html", "text", "image", "pdf", "epub")

    @property
    def canonical(self) -> str:
        """The terms as canonical JSON, the form that is stored and hashed."""
        return json.dumps(
            {
                "aliases": list(self.agent.aliases),
                "infer_from_other_bots": self.policy.infer_from_other_bots,
                "profile": self.policy.profile,
                "token": self.agent.token,
                "types": list(self.types),
                "uses": sorted(self.policy.uses),
                "version": self.policy.version,
                **self.policy.chosen,
            },
            sort_keys=True,
            separators=(",", ":"),
        )

    @cached_property
    def policy_id(self) -> str:
        """Identifier of these terms: the policy version and the first 12 digits of their hash."""
        return f"{self.policy.version}-{sha256(self.canonical.encode()).hexdigest()[:12]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One URL at one moment, with all that is known about it."""

    url: str
    stage: Stage
    decided_at: datetime
    evidence: tuple[Evidence, ...] = ()
    hits: tuple[Hit, ...] = ()
    found: tuple[Reason, ...] = ()
    """Reasons found by the shell itself: an unsafe address, a failed download, a full budget."""
    via: str | None = None
    """The URL that redirected here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What was settled about a URL, and why; the row, the page and the export are views of it."""

    url: str
    via: str | None
    stage: Stage
    verdict: Verdict
    reasons: tuple[Reason, ...]
    """Most decisive first; empty where nothing reserves."""
    notes: tuple[Note, ...]
    evidence: tuple[Evidence, ...]
    """What was read, in extract form: never a page's body."""
    policy_id: str
    decided_at: datetime

    @property
    def reason(self) -> str:
        """Code of the most decisive reason; `none` where nothing reserves."""
        return self.reasons[0].code if self.reasons else "none"


def judge(case: Case, terms: Terms, reader: Reader | None = None) -> Decision:
    """Decide one case. The same case and terms give the same decision, byte for byte.

    `reader` is one that read this URL's evidence at an earlier stage; it saves work and changes nothing.
    """
    if any(r.protocol == "security" for r in case.found):
        return _decision(case, terms, case.found)  # nothing may be read of a URL that is none
    if reader is None or (reader.url, reader.agent) != (case.url, terms.agent):
        reader = Reader(case.url, terms.agent)
    facts, reading = reader.facts(case.evidence), reader.read(case.evidence)
    at_headers = case.stage is Stage.HEADERS
    later = awaiting(reading, terms.policy, facts.evidence) if at_headers else frozenset()
    reasons = (
        *case.found,
        *map(reason_of_hit, case.hits),
        *reasons_of(reading, terms.policy, later),
        *facts.once(_access),
    )
    open_still = not any(r.effect is Effect.EXCLUDE for r in reasons)
    if open_still and not at_headers:
        # what a head points to (a licence document) is asked for before the body is judged
        reasons = (*reasons, *_missing(reader, facts.evidence, terms))
    notes = (*reading.notes, *notes_on_acceptance(reading, terms.policy))
    return _decision(case, terms, reasons, facts.evidence, notes)


def _decision(
    case: Case,
    terms: Terms,
    reasons: tuple[Reason, ...],
    kept: tuple[Evidence, ...] = (),
    notes: tuple[Note, ...] = (),
) -> Decision:
    verdict, ordered = decide(reasons)
    return Decision(
        url=case.url,
        via=case.via,
        stage=case.stage,
        verdict=verdict,
        reasons=ordered,
        notes=notes,
        evidence=kept,
        policy_id=terms.policy_id,
        decided_at=case.decided_at,
    )


def _access(facts: Facts) -> tuple[Reason, ...]:
    response = facts.response
    return () if response is None else access_reasons(facts.url, response, facts.elements)


def _missing(reader: Reader, evidence: tuple[Evidence, ...], terms: Terms) -> tuple[Reason, ...]:
    """Unknown never becomes allowed: evidence that `plan` still wants defers."""
    wanted = plan_for(reader, evidence, terms.policy.profile)
    return tuple(
        Reason(
            code="error.evidence_missing",
            effect=Effect.DEFER,
            protocol="error",
            why=f"{request.kind} has not been asked for at {request.url}",
        )
        for request in wanted
    )


def reason_of_hit(hit: Hit) -> Reason:
    """Why a listed host is not visited, in neutral words."""
    entry = hit.entry
    return Reason(
        code=f"blocklist.{entry.source}",
        effect=Effect.EXCLUDE,
        protocol="blocklist",
        evidence=hit.snapshot,
        quote=entry.value,
        why=f"named in {entry.decision_ref or 'an order without reference'}, {entry.body}, "
        f"{entry.decided_on or 'date not recorded'}; recorded status {entry.status}",
    )

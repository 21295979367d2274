"""From stored rows back to what was judged, so that it can be judged again and compared."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select

from crawler.gate import Case, Decision, Terms, judge
from crawler.retention.model import Redaction
from crawler.store.codec import evidence_from_row, notes_from_json, reasons_from_json, reasons_to_json
from crawler.store.queries.retention import removed_evidence, removed_from
from crawler.store.schema import decision, evidence, observation, policy_version
from reservations.model import Agent, Evidence, Profile, Reason, Stage, Use, Verdict, digest
from reservations.policy import Inference, Policy

NOT_READ = frozenset({"blocklist", "error", "security"})
"""Protocols of reasons that no evidence yields: lists of that day, and what the crawler met itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejudged:
    """A stored decision beside what the same case gives today."""

    stored: Decision
    again: Decision
    damaged: tuple[str, ...] = ()
    """Digests under which other bytes are stored now."""
    removed: Redaction | None = None
    """Set where something that was read has been removed since: then nothing was judged again."""

    @property
    def same(self) -> bool:
        """Whether the bytes are those that were read, and verdict and reasons came out alike."""
        return not self.damaged and (self.stored.verdict, reasons_to_json(self.stored.reasons)) == (
            self.again.verdict,
            reasons_to_json(self.again.reasons),
        )


class NoSuchDecisionError(LookupError):
    """The record has no decision of that number."""


def stored_case(connection: Connection, decision_id: int) -> tuple[Case, Terms, Decision]:
    """What was judged, under which terms, and what was decided.

    `judge(case, terms)` gives the decision again where this release reads the evidence as that one
    did. Hits of lists and reasons found by the crawler itself are taken from the stored reasons.
    Raises NoSuchDecisionError.
    """
    row = connection.execute(select(decision).where(decision.c.id == decision_id)).one_or_none()
    if row is None:
        raise NoSuchDecisionError(f"no decision {decision_id} in this record")
    read = observed(connection, json.loads(row.observations))
    reasons = reasons_from_json(row.reasons)
    case = Case(
        url=row.url,
        stage=Stage(row.stage),
        decided_at=row.decided_at,
        evidence=read,
        found=tuple(filter(_was_found, reasons)),
        via=row.via,
    )
    return case, stored_terms(connection, row.policy_id), _decision(row, reasons, read)


def rejudge(connection: Connection, decision_id: int) -> Rejudged:
    """Judge a stored case once more. Raises NoSuchDecisionError."""
    case, terms, stored = stored_case(connection, decision_id)
    removed = removed_from(connection, decision_id)
    if removed is not None:
        return Rejudged(
            stored=stored, again=stored, damaged=damaged(connection, decision_id), removed=removed
        )
    return Rejudged(stored=stored, again=judge(case, terms), damaged=damaged(connection, decision_id))


def damaged(connection: Connection, decision_id: int) -> tuple[str, ...]:
    """Digests of a decision's evidence whose stored bytes have another one."""
    text = connection.scalar(select(decision.c.observations).where(decision.c.id == decision_id))
    rows = connection.execute(
        select(evidence.c.sha256, evidence.c.content)
        .join(observation, observation.c.evidence_sha256 == evidence.c.sha256)
        .where(observation.c.id.in_(json.loads(text or "[]")))
    )
    wrong = {row.sha256 for row in rows if digest(row.content) != row.sha256}
    return tuple(sorted(wrong - removed_evidence(connection, wrong).keys()))


def stored_terms(connection: Connection, policy_id: str) -> Terms:
    """The terms of a policy version."""
    text = connection.execute(
        select(policy_version.c.canonical).where(policy_version.c.id == policy_id)
    ).scalar_one()
    return terms_from_canonical(text)


def terms_from_canonical(text: str) -> Terms:
    """The terms whose canonical JSON this is."""
    values = json.loads(text)
    accepted = frozenset(values.get("accepted_policies", ()))
    policy = Policy(
        profile=Profile(values["profile"]),
        uses=frozenset(map(Use, values["uses"])),
        infer_from_other_bots=Inference(values["infer_from_other_bots"]),
        version=values["version"],
        accepted_policies=accepted,
        disabled_protocols=frozenset(values.get("disabled_protocols", ())),
        protocol_table=values.get("protocol_table", ""),
    )
    agent = Agent(token=values["token"], aliases=tuple(values["aliases"]), reads_policies=bool(accepted))
    return Terms(agent=agent, policy=policy, types=tuple(values["types"]))


def observed(connection: Connection, numbers: Iterable[int]) -> tuple[Evidence, ...]:
    """The evidence of observations, in the order of their numbers given."""
    wanted = list(numbers)
    rows = connection.execute(
        select(observation, evidence.c.content)
        .join(evidence, evidence.c.sha256 == observation.c.evidence_sha256)
        .where(observation.c.id.in_(wanted))
    )
    by_id = {row.id: evidence_from_row(row, row.content) for row in rows}
    return tuple(by_id[number] for number in wanted)


def _decision(row: Row[Any], reasons: tuple[Reason, ...], read: tuple[Evidence, ...]) -> Decision:
    return Decision(
        url=row.url,
        via=row.via,
        stage=Stage(row.stage),
        verdict=Verdict(row.verdict),
        reasons=reasons,
        notes=notes_from_json(row.notes),
        evidence=read,
        policy_id=row.policy_id,
        decided_at=row.decided_at,
    )


def _was_found(reason: Reason) -> bool:
    # What evidence yields is read again, also where the stored bytes no longer have the digest that
    # the reason names: a changed byte must not bring its own excuse.
    if reason.code == "error.evidence_missing":
        return False
    return reason.protocol in NOT_READ or reason.evidence is None

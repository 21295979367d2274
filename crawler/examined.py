"""What `check` found out about a URL, as JSON-ready values. The only place that names these keys."""

from __future__ import annotations

from crawler.examine import Examination
from crawler.present import Json, reason
from reservations.model import Note, Statement


def examination(value: Examination) -> Json:
    """What `check` found out about one URL, which no record holds."""
    decided = value.decision
    return {
        "url": decided.url,
        "via": decided.via,
        "verdict": decided.verdict,
        "stage": decided.stage,
        "reason": decided.reason,
        "reasons": [reason(r) for r in decided.reasons],
        "statements": [statement(s) for s in value.reading.statements],
        "notes": [note(n) for n in decided.notes],
        "evidence": [
            {"kind": e.kind, "url": e.url, "outcome": e.outcome, "status": e.status, "sha256": e.sha256}
            for e in decided.evidence
        ],
    }


def statement(value: Statement) -> Json:
    """What somebody said, with the profiles under which it counts."""
    return {
        "code": value.code,
        "protocol": value.protocol,
        "use": value.use,
        "preference": value.preference,
        "under": sorted(value.under),
        "decided_by": value.decided_by or None,
        "policy_url": value.policy_url,
        "scope": value.scope or None,
        "evidence": value.locator.evidence,
        "line": value.locator.line,
        "quote": value.locator.quote or None,
    }


def note(value: Note) -> Json:
    """A finding for the site owner."""
    return {
        "code": value.kind.code,
        "level": value.kind.level,
        "summary": value.kind.summary,
        "evidence": value.locator.evidence,
        "line": value.locator.line,
        "quote": value.locator.quote or None,
    }

"""Frozen rows to JSON-ready values. The only place that names JSON keys, and the only JSON writer.

Command line, web and exports print what `dumps` gives, so that a row has one form in bytes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from crawler.retention.model import Redaction
from crawler.store.complaints import Receipt
from crawler.store.queries.complaints import ComplaintRow, EventRow, TiedRow
from crawler.store.queries.decisions import DecisionRow, Warc
from crawler.store.queries.documents import KeptDocument
from crawler.store.queries.files import FileVersion
from crawler.store.queries.letters import MailRow
from crawler.store.queries.lookup import Lookup, OmittedRow, ReservationRow, Settled
from crawler.store.queries.status import RecordStatus
from crawler.store.queries.totals import Outcome, Volume
from crawler.store.queries.why import Explained, ObservationRow
from reservations.model import Reason

Json = dict[str, Any]

DECISION_KEYS = (
    "url", "via", "host", "domain", "decided_at", "stage", "verdict", "reason", "reasons", "crawl",
    "identity", "policy", "evidence", "status", "bytes", "warc",
)  # fmt: skip
REASON_KEYS = ("code", "protocol", "use", "evidence", "line", "quote", "why")

# What JSON allows bare, but a terminal, a line reader or a UTF-8 encoder may trip over: DEL and C1
# controls, line separators, text direction marks, lone surrogates.
_UNSAFE = re.compile("[\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


def dumps(value: Any) -> str:
    """The canonical form: compact JSON on one line, keys in their order, UTF-8 readable as it is."""
    text = _encode(value)
    if text.isascii() and "\x7f" not in text:
        return text
    return _UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def moment(value: datetime) -> str:
    """RFC 3339 in UTC with microseconds: `2026-11-24T05:35:00.000000Z`."""
    return value.astimezone(UTC).isoformat("T", "microseconds")[:-6] + "Z"


def decision(row: DecisionRow) -> Json:
    """A decision, under DECISION_KEYS in that order."""
    return {
        "url": row.url,
        "via": row.via,
        "host": row.host,
        "domain": row.domain,
        "decided_at": moment(row.decided_at),
        "stage": row.stage,
        "verdict": row.verdict,
        "reason": row.reason,
        "reasons": [reason(r) for r in row.reasons],
        "crawl": row.crawl,
        "identity": row.identity,
        "policy": row.policy,
        "evidence": list(row.evidence),
        "status": row.status,
        "bytes": row.bytes,
        "warc": None if row.warc is None else warc(row.warc),
    }


def reason(value: Reason) -> Json:
    """A reason, under REASON_KEYS in that order; what is empty is null."""
    return {
        "code": value.code,
        "protocol": value.protocol,
        "use": value.use or None,
        "evidence": value.evidence or None,
        "line": value.line,
        "quote": value.quote or None,
        "why": value.why or None,
    }


def warc(place: Warc) -> Json:
    """Where a record lies."""
    return {"file": place.file, "offset": place.offset, "length": place.length}


def explained(value: Explained) -> Json:
    """A decision with what was read for it."""
    return {**decision(value.decision), "observations": [observation(o) for o in value.observations]}


def observation(row: ObservationRow) -> Json:
    """One thing that was asked for."""
    return {
        "kind": row.kind,
        "url": row.url,
        "outcome": row.outcome,
        "status": row.status,
        "why": row.why or None,
        "fetched_at": moment(row.fetched_at),
        "sha256": row.sha256,
        "length": row.length,
        "fields": [list(field) for field in row.fields],
        "redirects": [list(hop) for hop in row.redirects],
        "details": [list(detail) for detail in row.details],
        "warc": None if row.warc is None else warc(row.warc),
    }


def lookup(answer: Lookup) -> Json:
    """What the record says about a host or a URL prefix."""
    return {
        "subject": answer.subject,
        "host": answer.host,
        "crawls": answer.crawls,
        "recorded_from": moment_or_null(answer.recorded_from),
        "recorded_until": moment_or_null(answer.recorded_until),
        "decisions": answer.decisions,
        "first": moment_or_null(answer.first),
        "last": moment_or_null(answer.last),
        "documents": answer.documents,
        "bytes": answer.bytes,
        "settled": [settled(s) for s in answer.settled],
        "reservations": [reservation(r) for r in answer.reservations],
        "omitted": [omitted(o) for o in answer.omitted],
        "removals": [removal(r) for r in answer.removals],
    }


def removal(value: Redaction) -> Json:
    """What stands in the place of something that was removed: when and why."""
    return {
        "redaction": value.id,
        "cause": value.cause,
        "host": value.host,
        "removed_at": moment(value.removed_at),
        "reason": value.reason,
        "rows": value.rows,
        "bytes": value.bytes,
    }


def removed(url: str, value: Redaction) -> Json:
    """The same about an address that somebody asked for: the record knows it as a hash only."""
    return {"url": url, "removal": removal(value)}


def settled(row: Settled) -> Json:
    """How often URLs were settled in one way."""
    return {
        "stage": row.stage,
        "verdict": row.verdict,
        "reason": row.reason,
        "decisions": row.decisions,
        "first": moment(row.first),
        "last": moment(row.last),
    }


def reservation(row: ReservationRow) -> Json:
    """A reservation that was seen."""
    return {
        "origin": row.origin,
        "kind": row.kind,
        "protocol": row.protocol,
        "code": row.code,
        "use": row.use,
        "scope": row.scope or None,
        "policy_url": row.policy_url,
        "url": row.url,
        "evidence": row.evidence_sha256,
        "line": row.line,
        "quote": row.quote,
        "first_seen": moment(row.first_seen),
        "last_seen": moment(row.last_seen),
        "ended_at": moment_or_null(row.ended_at),
    }


def omitted(row: OmittedRow) -> Json:
    """Links left out that were only counted."""
    return {
        "origin": row.origin,
        "stage": row.stage,
        "verdict": row.verdict,
        "reason": row.reason,
        "count": row.count,
    }


def document(row: KeptDocument) -> Json:
    """A document that is kept now."""
    return {
        "url": row.url,
        "domain": row.domain,
        "media_type": row.media_type,
        "bytes": row.bytes,
        "body_sha256": row.body_sha256,
        "kept_at": moment(row.kept_at),
        "crawl": row.crawl_id,
        "decision": row.decision_id,
        "warc": {"file": row.warc_file, "offset": row.warc_offset, "length": row.warc_length},
    }


def volume(row: Volume) -> Json:
    """What is kept now of one domain in one media type."""
    return {
        "domain": row.domain,
        "media_type": row.media_type,
        "documents": row.documents,
        "bytes": row.bytes,
    }


def outcome(row: Outcome) -> Json:
    """How often a crawl settled something in one way."""
    return {
        "stage": row.stage,
        "verdict": row.verdict,
        "reason": row.reason,
        "decisions": row.decisions,
        "omitted": row.omitted,
    }


def file_version(row: FileVersion) -> Json:
    """A rights file as it was found the same, one time after another."""
    return {
        "origin": row.origin,
        "kind": row.kind,
        "url": row.url,
        "outcome": row.outcome,
        "status": row.status,
        "sha256": row.sha256,
        "length": row.length,
        "first_seen": moment(row.first_seen),
        "last_seen": moment(row.last_seen),
        "times": row.times,
        "warc": None if row.warc is None else warc(row.warc),
    }


def record_status(row: RecordStatus) -> Json:
    """How far a record reaches."""
    return {
        "crawls": row.crawls,
        "begun": moment_or_null(row.begun),
        "until": moment_or_null(row.until),
        "decisions": row.decisions,
    }


def receipt(row: Receipt, address: str) -> Json:
    """What a complainant is given."""
    return {
        "reference": row.reference,
        "address": address,
        "confirm_due": moment(row.confirm_due),
        "answer_due": moment(row.answer_due),
    }


def complaint(row: ComplaintRow, now: datetime) -> Json:
    """Where a complaint stands, without who complains."""
    return {
        "reference": row.reference,
        "state": row.state,
        "kind": row.kind,
        "language": row.language,
        "domain": row.domain or None,
        "subjects": row.subjects.splitlines(),
        "received_at": moment(row.received_at),
        "due": moment_or_null(row.due),
        "late": row.is_late(now),
        "closed_at": moment_or_null(row.closed_at),
    }


def complaint_history(
    steps: Iterable[EventRow], decisions: Iterable[TiedRow], sent: Iterable[MailRow]
) -> Json:
    """What happened to a complaint, what it is about, and the mails about it."""
    return {
        "steps": [
            {"at": moment(s.happened_at), "step": s.kind, "actor": s.actor, "content": s.content}
            for s in steps
        ],
        "decisions": [
            {
                "decision": d.decision_id,
                "url": d.url,
                "verdict": d.verdict,
                "reason": d.reason,
                "withdrawn_at": moment_or_null(d.withdrawn_at),
            }
            for d in decisions
        ],
        "mails": [
            {
                "file": m.file,
                "kind": m.kind,
                "state": m.state,
                "made_at": moment(m.made_at),
                "attempts": m.attempts,
                "problem": m.problem,
                "settled_at": moment_or_null(m.settled_at),
            }
            for m in sent
        ],
    }


def moment_or_null(value: datetime | None) -> str | None:
    """A time as `moment` writes it; null where there is none."""
    return None if value is None else moment(value)

"""The bytes that entries commit to.

A committed form is frozen for ever: what is shown of a row may gain keys (`crawler.present`), these may
not, or no old commitment could be opened again. The lines of a decision's record are the line that exports
and `--json` print, what stands in the row beside it, and one line for each thing that was read.
"""

from __future__ import annotations

import json
from functools import lru_cache
from hashlib import sha256

from crawler.present import Json, decision, dumps, moment
from crawler.retention.model import Redaction
from crawler.store.queries.logged import LoggedCrawl, LoggedDecision, ObservedRow

DECISION_KEYS = (
    "url", "via", "host", "domain", "decided_at", "stage", "verdict", "reason", "reasons", "crawl",
    "identity", "policy", "evidence", "status", "bytes", "warc",
)  # fmt: skip
REASON_KEYS = ("code", "protocol", "use", "evidence", "line", "quote", "why")


def decision_record(logged: LoggedDecision) -> bytes:
    """The record of a decision."""
    shown = decision(logged.row)
    line: Json = {key: shown[key] for key in DECISION_KEYS}
    line["reasons"] = [{key: reason[key] for key in REASON_KEYS} for reason in line["reasons"]]
    beside = {
        "attempt": logged.attempt,
        "body_sha256": logged.body_sha256,
        "media_type": logged.media_type,
        "notes_sha256": _digest(logged.notes),
        "reasons_sha256": _digest(logged.reasons),
        "software": logged.software,
    }
    return _lines(dumps(line), dumps(beside), *map(_observation, logged.observations))


def crawl_record(logged: LoggedCrawl) -> bytes:
    """The record of a crawl."""
    return _lines(
        dumps(
            {
                "crawl": logged.id,
                "started_at": moment(logged.started_at),
                "ended_at": None if logged.ended_at is None else moment(logged.ended_at),
                "status": logged.status,
                "command": logged.command,
                "software": logged.software,
                "config_sha256": _digest(logged.config),
                "identity_sha256": logged.identity_hash,
                "identity": [logged.product_token, logged.user_agent, logged.from_address, logged.info_url],
                "policy": logged.policy_id,
                "terms": logged.terms,
                "publication_sha256": logged.publication_sha256,
                "keyid": logged.keyid,
                "blocklist_set": logged.blocklist_set,
            }
        )
    )


def redaction_record(value: Redaction) -> bytes:
    """The record of a redaction: who removed what, when and why."""
    return _lines(
        dumps(
            {
                "redaction": value.id,
                "cause": value.cause,
                "kind": value.kind,
                "actor": value.actor,
                "reason": value.reason,
                "removed_at": moment(value.removed_at),
                "host": value.host,
                "url_hash": value.url_hash,
                "subject": value.subject,
                "rows": value.rows,
                "bytes": value.bytes,
                "digest": value.digest,
            }
        )
    )


# A robots.txt is behind every decision of its origin: its line is composed once.
@lru_cache(maxsize=4096)
def _observation(row: ObservedRow) -> str:
    place = None
    if row.warc_file is not None:
        place = {"file": row.warc_file, "offset": row.warc_offset, "length": row.warc_length}
    return dumps(
        {
            "kind": row.kind,
            "url": row.url,
            "outcome": row.outcome,
            "status": row.status,
            "why": row.why or None,
            "fetched_at": moment(row.fetched_at),
            "sha256": row.evidence_sha256,
            "length": row.length,
            "fields": json.loads(row.fields),
            "redirects": json.loads(row.redirects),
            "details": json.loads(row.details),
            "warc": place,
        }
    )


def _lines(*lines: str) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


@lru_cache(maxsize=4096)
def _digest(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

"""Rows that only exports show, under JSON's names; everything else is named in `crawler.present`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from crawler.present import Json, dumps, moment
from crawler.store.queries.causes import Cause
from crawler.store.queries.decisions import DecisionRow
from crawler.store.queries.exports import Checkpoint, ExportedFile, ExportRow
from crawler.store.queries.identities import IdentityRow
from crawler.store.queries.withdrawals import WithdrawnRow


def exclusion(row: Cause) -> Json:
    """One reason that left a URL out."""
    return {
        "source": row.source,
        "code": row.reason.code,
        "position": row.position,
        "use": row.reason.use or None,
        "evidence": row.reason.evidence or None,
        "line": row.reason.line,
        "quote": row.reason.quote or None,
        "why": row.reason.why or None,
        "url": row.decision.url,
        "host": row.decision.host,
        "domain": row.decision.domain,
        "decided_at": moment(row.decision.decided_at),
        "stage": row.decision.stage,
        "crawl": row.decision.crawl,
        "identity": row.decision.identity,
        "policy": row.decision.policy,
        "decision": row.decision.id,
    }


def verdict(row: DecisionRow) -> Json:
    """A decision in short."""
    return {
        "url": row.url,
        "via": row.via,
        "host": row.host,
        "domain": row.domain,
        "decided_at": moment(row.decided_at),
        "stage": row.stage,
        "verdict": row.verdict,
        "reason": row.reason,
        "codes": [reason.code for reason in row.reasons],
        "crawl": row.crawl,
        "identity": row.identity,
        "policy": row.policy,
        "status": row.status,
        "bytes": row.bytes,
        "decision": row.id,
    }


def identity_used(row: IdentityRow) -> Json:
    """A name under which requests were sent."""
    return {
        "identity": row.name,
        "hash": row.hash,
        "product_token": row.product_token,
        "user_agent": row.user_agent,
        "from": row.from_address,
        "info_url": row.info_url,
        "first_used": moment(row.first_used),
        "last_used": moment(row.last_used),
        "crawls": row.crawls,
    }


def export_made(row: ExportRow) -> Json:
    """An export that was made."""
    return {
        "export": row.id,
        "made_at": moment(row.made_at),
        "actor": row.actor,
        "name": row.name,
        "format": row.format,
        "filter": dumps(dict(row.filter)),
        "target": row.target,
        "rows": row.rows,
        "as_of": row.as_of,
        "files": [exported_file(f) for f in row.files],
        "software": row.software,
    }


def exported_file(file: ExportedFile) -> Json:
    """One file of an export."""
    return {"name": file.name, "bytes": file.bytes, "sha256": file.sha256, "rows": file.rows}


def head_of_log(checkpoint: Checkpoint | None) -> Json | None:
    """How far the log was."""
    if checkpoint is None:
        return None
    return {"tree_size": checkpoint.tree_size, "root_hash": checkpoint.root_hash}


def export_manifest(
    row: ExportRow,
    schema: str | None,
    checkpoint: Json | None,
    time_range: tuple[datetime, datetime] | None = None,
    policies: Sequence[str] = (),
) -> Json:
    """What lies beside the files of an export."""
    return {
        "kind": "forbear-export/1",
        "name": row.name,
        "format": row.format,
        "schema": schema,
        "filter": dict(row.filter),
        "made_at": moment(row.made_at),
        "actor": row.actor,
        "software": row.software,
        "as_of": row.as_of,
        "checkpoint": checkpoint,
        "time_range": None if time_range is None else [moment(when) for when in time_range],
        "policies": list(policies),
        "rows": row.rows,
        "files": [exported_file(f) for f in row.files],
    }


def withdrawal(row: WithdrawnRow) -> Json:
    """A document that was taken back, or is about to be."""
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
        "withdrawn_at": None if row.withdrawn_at is None else moment(row.withdrawn_at),
        "reason": row.withdrawn_reason,
    }

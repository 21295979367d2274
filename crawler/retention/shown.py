"""Holds, removals and what a rule would remove, as JSON-ready values."""

from __future__ import annotations

from crawler.present import Json, moment, moment_or_null, removal
from crawler.retention.holds import Hold
from crawler.retention.model import Redaction, Survey
from crawler.retention.prune import Pruned


def hold(value: Hold) -> Json:
    """A hold."""
    return {
        "hold": value.id,
        "kind": value.kind,
        "subject": value.subject,
        "reason": value.reason,
        "placed_by": value.placed_by,
        "placed_at": moment(value.placed_at),
        "released_by": value.released_by,
        "released_at": moment_or_null(value.released_at),
        "release_reason": value.release_reason,
    }


def redaction(value: Redaction) -> Json:
    """What stands in the place of what was removed, for staff."""
    return {
        **removal(value),
        "kind": value.kind,
        "subject": value.subject,
        "actor": value.actor,
        "digest": value.digest,
        "log_entry": value.position,
    }


def survey(value: Survey) -> Json:
    """What a rule would remove now."""
    return {
        "rule": value.rule,
        "days": value.days,
        "rows": value.rows,
        "bytes": value.bytes,
        "oldest": moment_or_null(value.oldest),
        "newest": moment_or_null(value.newest),
        "spared": [{"hold": number, "rows": rows} for number, rows in value.spared],
    }


def pruned(value: Pruned) -> Json:
    """What a rule removed."""
    return {
        "rule": value.rule,
        "rows": value.rows,
        "bytes": value.bytes,
        "redactions": list(value.redactions),
    }

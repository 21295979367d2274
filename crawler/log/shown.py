"""Answers about the log as JSON-ready values."""

from __future__ import annotations

from base64 import b64encode

from crawler.log.findings import Finding, meaning
from crawler.log.prove import Shown
from crawler.log.status import LogStatus
from crawler.log.verify import Answer
from crawler.present import Json, moment_or_null


def status(value: LogStatus) -> Json:
    """How a log stands."""
    return {
        "key": value.key,
        "entries": value.entries,
        "checkpoint_size": value.checkpoint_size,
        "checkpoint_at": moment_or_null(value.checkpoint_at),
        "published": value.is_published,
        "waiting": value.waiting,
        "oldest_waiting": moment_or_null(value.oldest_waiting),
        "late": value.is_late,
    }


def answer(value: Answer) -> Json:
    """What verifying came to."""
    return {
        "entries": value.entries,
        "checkpoints": value.checkpoints,
        "published": value.published,
        "documents": value.documents,
        "replayed": value.replayed,
        "not_judged": value.not_judged,
        "erased": value.erased,
        "removals": value.removals,
        "removals_pending": value.pending,
        "waiting": value.waiting,
        "first_bad_entry": next((f.entry for f in value.findings if f.entry is not None), None),
        "findings": [finding(f) for f in value.findings],
        "more": value.more,
    }


def finding(value: Finding) -> Json:
    """One thing that does not fit."""
    return {
        "what": value.what,
        "entry": value.entry,
        "meaning": meaning(value.what),
        "text": value.text,
        "explained_by": [
            {"version": c.version, "since": c.since, "protocol": c.protocol, "changed": c.changed}
            for c in value.explained_by
        ],
    }


def proven(value: Shown) -> Json:
    """What a proof proves."""
    return {
        "origin": value.checkpoint.origin,
        "index": value.index,
        "size": value.checkpoint.size,
        "root": b64encode(value.checkpoint.root).decode(),
        "record": value.record.decode("utf-8", "replace"),
    }

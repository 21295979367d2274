"""What the lists say, as JSON-ready values. The only place that names the JSON keys of lists."""

from __future__ import annotations

from typing import Any

from blocklists import wording
from blocklists.codec import to_json
from blocklists.register import Registered
from blocklists.snapshot import Listing
from crawler.lists.explaining import Explanation, Mention
from crawler.present import moment
from crawler.store.queries.lists import Exclusion

Json = dict[str, Any]


def listing(value: Listing) -> Json:
    """A list in force."""
    closed = sum(entry.known_to is not None for entry in value.entries)
    return {
        "list": value.name,
        "format": value.format,
        "entries": len(value.entries) - closed,
        "closed": closed,
        "rejected": value.rejected,
        "retrieved_at": moment(value.retrieved_at),
        "sha256": value.sha256,
        "url": value.url or None,
    }


def explanation(value: Explanation, *, public: bool = False) -> Json:
    """Whether a host is listed, and what names it. `public` leaves out what is not of high confidence."""
    shown = [m for m in value.mentions if not public or (m.counts and wording.may_be_shown(m.hit.entry))]
    return {
        "asked": value.asked,
        "host": value.host,
        "day": str(value.day),
        "listed": value.listed,
        "set": value.set_id,
        "lists": list(value.lists),
        "mentions": [mention(m) for m in shown],
    }


def mention(value: Mention) -> Json:
    """One entry that names the host."""
    return {
        "counts": value.counts,
        "why_not": value.objection or None,
        "matched": value.hit.matched,
        "rule": value.hit.rule,
        "snapshot": value.hit.snapshot or None,
        "list_age_days": value.age_days,
        "words": wording.named_in(value.hit.entry),
        "ways_off": list(value.ways_off),
        "entry": to_json(value.hit.entry),
    }


def registered(value: Registered, *, switched_on: bool) -> Json:
    """A source of the register."""
    return {
        "name": value.name,
        "title": value.title,
        "publisher": value.publisher,
        "jurisdiction": value.jurisdiction,
        "url": value.url or None,
        "page": value.page or None,
        "format": value.format,
        "cadence_days": value.cadence_days,
        "licence": value.licence or None,
        "trust": value.trust,
        "access": value.access,
        "legal_ground": value.legal_ground or None,
        "recognition_kind": value.recognition_kind,
        "switched_on": switched_on,
        "note": value.note or None,
    }


def exclusion(value: Exclusion) -> Json:
    """A decision that a list made."""
    entry = value.entry or {}
    age = value.set_age
    return {
        "url": value.url,
        "via": value.via,
        "host": value.host,
        "decided_at": moment(value.decided_at),
        "stage": value.stage,
        "crawl": value.crawl,
        "reason": value.reason.code,
        "why": value.reason.why,
        "value": value.reason.quote,
        "snapshot": value.reason.evidence or None,
        "set": value.set_id or None,
        "oldest_list_age_seconds": None if age is None else int(age.total_seconds()),
        "entry_id": entry.get("entry_id"),
        "entry": value.entry,
    }

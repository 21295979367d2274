"""Asking again for what is kept: the conditions of the request, and what a 304 makes of it. Pure.

RFC 9110 section 13 (conditions), RFC 9111 sections 3.2 and 4.3.4 (freshening what is stored). Location
files and pages are asked for again in the same way.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from crawler.redaction import redacted
from reservations.model import Evidence, Outcome

NOT_MODIFIED = 304
REVALIDATED = "revalidated"
"""Key in `Evidence.details` of what was confirmed by a 304 instead of being sent again."""
REPLACED = "replaced"
"""Key of the names of fields that the 304 brought: the others are those of the stored answer."""
_CONDITIONS = (("If-None-Match", "etag"), ("If-Modified-Since", "last-modified"))
_NOT_MERGED = frozenset(
    {"content-length", "content-encoding", "content-type", "content-range", "transfer-encoding", "connection"}
)
"""What a 304 does not replace, since it describes the stored body (RFC 9111 section 3.2)."""
_MAX_VALIDATOR = 1024
"""Characters of a validator that is sent back; a longer one is not worth a request's room."""


def conditions(kept: Evidence) -> dict[str, str]:
    """Header fields that make a request conditional on what is kept; empty where it has no validator."""
    if kept.outcome is not Outcome.FOUND:
        return {}
    values = {name: _field(kept, source) for name, source in _CONDITIONS}
    return {name: value for name, value in values.items() if value and _can_be_sent(value)}


def confirms(kept: Evidence, fields: Iterable[tuple[str, str]]) -> bool:
    """Whether a 304 with these fields is about what is kept (RFC 9111 section 4.3.4).

    Where it names another validator, it is about an answer that we do not hold: ask without conditions.
    """
    told = {name.lower(): value.strip() for name, value in fields}
    etag, stored = told.get("etag"), (_field(kept, "etag") or "").strip()
    if etag:
        strong = not etag.startswith("W/")
        return etag == stored if strong else etag.removeprefix("W/") == stored.removeprefix("W/")
    changed, before = told.get("last-modified"), _field(kept, "last-modified")
    return not changed or not before or changed == before.strip()


def freshened(
    kept: Evidence,
    fields: Iterable[tuple[str, str]],
    when: datetime,
    details: tuple[tuple[str, str], ...] = (),
) -> Evidence:
    """What is kept, confirmed at `when` by a 304 with these fields: they replace those of their names.

    A reservation on the 304 counts like one on the page, since the answer is that of the page today.
    """
    new = tuple((name, value) for name, value in redacted(fields) if name.lower() not in _NOT_MERGED)
    names = {name.lower() for name, _ in new}
    old = tuple((name, value) for name, value in kept.fields if name.lower() not in names)
    marks = ((REVALIDATED, str(NOT_MODIFIED)), (REPLACED, ", ".join(sorted(names))))
    return replace(kept, fetched_at=when, fields=(*old, *new), details=(*marks, *details))


def was_confirmed(details: Iterable[tuple[str, str]]) -> bool:
    """Whether an answer was confirmed by a 304."""
    return any(name == REVALIDATED for name, _ in details)


def _field(evidence: Evidence, name: str) -> str | None:
    return next((value for key, value in evidence.fields if key.lower() == name), None)


def _can_be_sent(value: str) -> bool:
    return value.isascii() and value.isprintable() and len(value) <= _MAX_VALIDATOR

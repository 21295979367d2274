"""Values of the domain to what a column holds, and back without loss."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, lru_cache
from typing import Any

from reservations.model import (
    RESPONSE,
    Effect,
    Evidence,
    Hop,
    Level,
    Locator,
    Note,
    NoteKind,
    Outcome,
    Reason,
    Use,
)
from reservations.protocols import discover

MAX_REASONS = 200
"""Reasons kept of one decision, the most decisive ones."""
MAX_NOTES = 50
"""Notes kept of one decision: a file of ten thousand bad lines would give as many each time."""

to_json = json.JSONEncoder(separators=(",", ":")).encode
"""Compact JSON in ASCII, so that no text in it can upset a database."""


def reasons_to_json(reasons: tuple[Reason, ...]) -> str:
    """Reasons in order, as far as MAX_REASONS goes."""
    return f"[{','.join(map(_reason, reasons[:MAX_REASONS]))}]" if reasons else "[]"


def reasons_from_json(text: str) -> tuple[Reason, ...]:
    """The reasons of a decision."""
    return tuple(
        Reason(**r | {"effect": Effect(r["effect"]), "use": None if r["use"] is None else Use(r["use"])})
        for r in json.loads(text)
    )


def notes_to_json(notes: tuple[Note, ...]) -> str:
    """Notes in order, as far as MAX_NOTES goes."""
    return f"[{','.join(map(_note, notes[:MAX_NOTES]))}]" if notes else "[]"


def notes_from_json(text: str) -> tuple[Note, ...]:
    """The notes of a decision, with the texts of this release."""
    return tuple(
        Note(
            kind=_note_kinds().get(n["code"]) or _unknown_kind(n),
            locator=Locator(evidence=n["evidence"], line=n["line"], offset=n["offset"], quote=n["quote"]),
        )
        for n in json.loads(text)
    )


def evidence_to_row(evidence: Evidence) -> dict[str, Any]:
    """What an observation says beside the content."""
    return {
        "kind": evidence.kind,
        "url": evidence.url,
        "outcome": evidence.outcome.value,
        "status": evidence.status,
        "fields": _list(evidence.fields),
        "redirects": _list([(h.status, h.location) for h in evidence.redirects]),
        "details": _list(evidence.details),
        "why": evidence.why,
        "fetched_at": evidence.fetched_at,
    }


def evidence_from_row(row: Any, content: bytes) -> Evidence:
    """The evidence of an observation, as it was read then."""
    return Evidence(
        kind=row.kind,
        url=row.url,
        outcome=Outcome(row.outcome),
        fetched_at=row.fetched_at,
        status=row.status,
        fields=_pairs(row.fields),
        body=b"" if row.kind == RESPONSE else content,
        redirects=tuple(Hop(status=s, location=u) for s, u in json.loads(row.redirects)),
        details=_pairs(row.details),
        why=row.why,
    )


def ids_to_json(ids: Iterable[int]) -> str:
    """Ids in order."""
    return f"[{','.join(map(str, ids))}]"


def _list(values: Sequence[object]) -> str:
    return to_json(values) if values else "[]"


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in json.loads(text))


# The same rule closes many URLs: what is written about it is composed once.
@lru_cache(maxsize=16_384)
def _reason(reason: Reason) -> str:
    return to_json(
        {
            "code": reason.code,
            "effect": reason.effect,
            "protocol": reason.protocol,
            "use": reason.use,
            "evidence": reason.evidence,
            "line": reason.line,
            "offset": reason.offset,
            "quote": reason.quote,
            "why": reason.why,
            "inferred": reason.inferred,
        }
    )


@lru_cache(maxsize=16_384)
def _note(note: Note) -> str:
    locator = note.locator
    return to_json(
        {
            "code": note.kind.code,
            "level": note.kind.level,
            "evidence": locator.evidence,
            "line": locator.line,
            "offset": locator.offset,
            "quote": locator.quote,
        }
    )


@cache
def _note_kinds() -> dict[str, NoteKind]:
    return {kind.code: kind for kind in _all_kinds()}


def _all_kinds() -> Iterator[NoteKind]:
    kinds: Iterable[tuple[NoteKind, ...]] = (protocol.notes for protocol in discover())
    for each in kinds:
        yield from each


def _unknown_kind(stored: dict[str, Any]) -> NoteKind:
    """A kind of note that this release no longer has."""
    return NoteKind(code=stored["code"], level=Level(stored["level"]), summary=stored["code"], text="")

"""What a run of decisions adds to the sums over sites: computed alike to keep them and to complete them.

Sums reach to a decision, `counted_upto`. Whoever asks later adds what was decided since, so an answer is
always that of the whole record; one who brings the sums up to date adds the same.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, case, func, select

from crawler.store.columns import iso
from crawler.store.queries.folders import Places
from crawler.store.schema import decision, document
from crawler.store.summary import counted
from reservations.model import Stage, Verdict

COLUMNS = ("id", "url_hash", "lookup_key", "host", "stage", "verdict", "reason", "identity_id", "decided_at")
CHUNK = 2000
"""Pages looked up in one statement."""
HOUR = 13
"""Characters of an ISO 8601 time as far as the hour."""


@dataclass(slots=True, kw_only=True)
class DecisionSum:
    """Decisions about a host that came out one way."""

    host: str
    decisions: int
    first: datetime
    last: datetime
    last_id: int


@dataclass(slots=True, kw_only=True)
class PageSum:
    """How many more pages stand one way; `first` and `last` are decisions that left a page so."""

    pages: int
    first: datetime
    last: datetime


@dataclass(slots=True, kw_only=True)
class DocumentSum:
    """Documents of a host: how many more are kept now, and of how many more pages one ever was."""

    kept: int
    bytes: int
    pages: int
    first: datetime
    last: datetime
    withdrawn: datetime | None


@dataclass(slots=True, kw_only=True)
class HourSum:
    """Decisions that fell in one hour."""

    decisions: int
    first_id: int
    last_id: int


@dataclass(frozen=True, slots=True)
class Change:
    """What to add to the sums."""

    decisions: dict[tuple[str, str, str, str, int], DecisionSum] = field(default_factory=dict)
    """By site or folder, stage, verdict, reason and identity."""
    pages: dict[tuple[str, str, str], PageSum] = field(default_factory=dict)
    """By site or folder, verdict and reason."""
    documents: dict[str, DocumentSum] = field(default_factory=dict)
    """By site or folder."""
    hours: dict[str, HourSum] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a page stands after some decision."""

    key: str
    """Of the page: its lookup key."""
    verdict: str
    reason: str
    decided_at: datetime
    bytes: int | None
    """Of the document that is kept now."""
    taken: bool
    """Whether a copy was ever kept."""
    first: datetime | None
    last: datetime | None
    withdrawn: datetime | None


_UPTO = select(func.coalesce(func.max(counted.c.upto), 0))
_REACH = select(_UPTO.scalar_subquery(), select(func.max(decision.c.id)).scalar_subquery())


def counted_upto(connection: Connection) -> int:
    """The last decision that the sums hold; 0 where there are none yet."""
    return int(connection.scalar(_UPTO) or 0)


def left_to_count(connection: Connection) -> tuple[int, bool]:
    """The last decision that the sums hold, and whether the record has later ones."""
    upto, last = connection.execute(_REACH).one()
    return int(upto or 0), (last or 0) > (upto or 0)


def decided(connection: Connection, *conditions: ColumnElement[bool], limit: int | None = None) -> list[Any]:
    """Decisions in their order, as far as sums are concerned."""
    names = (
        "id",
        "url_hash",
        "lookup_key",
        "host",
        "stage",
        "verdict",
        "reason",
        "identity_id",
        "decided_at",
    )
    statement = select(*(decision.c[name] for name in names)).where(*conditions)
    return list(connection.execute(statement.order_by(decision.c.id).limit(limit)))


def change(
    connection: Connection,
    rows: Sequence[Row[Any]],
    since: int,
    places: Places,
    made: Change | None = None,
) -> Change:
    """What these decisions add to sums over such places, which reach to decision `since`; added to `made`."""
    made = Change() if made is None else made
    for row in rows:
        _add_decision(made, row, places)
    hashes = sorted({row.url_hash for row in rows})
    for start in range(0, len(hashes), CHUNK):
        some = hashes[start : start + CHUNK]
        before = standings(connection, some, since) if since else {}
        add_moves(made, before, standings(connection, some, rows[-1].id), places)
    return made


def standings(connection: Connection, hashes: Collection[int], upto: int) -> dict[int, Standing]:
    """How pages stand after decision `upto`, by the hash of their URL."""
    settled = case((decision.c.stage != Stage.FRONTIER.value, decision.c.id))
    latest = (
        select(func.coalesce(func.max(settled), func.max(decision.c.id)).label("id"))
        .where(decision.c.url_hash.in_(hashes), decision.c.id <= upto)
        .group_by(decision.c.url_hash)
        .subquery()
    )
    names = ("url_hash", "lookup_key", "stage", "verdict", "reason", "decided_at")
    rows = connection.execute(
        select(*(decision.c[name] for name in names)).join(latest, latest.c.id == decision.c.id)
    )
    copies = _copies(connection, hashes, upto)
    return {row.url_hash: _standing(row, copies.get(row.url_hash, ())) for row in rows}


def add_moves(made: Change, before: dict[int, Standing], after: dict[int, Standing], places: Places) -> None:
    """Pages that stood one way and stand another, or are no more."""
    for number in before.keys() | after.keys():
        old, new = before.get(number), after.get(number)
        moved = old is None or new is None or (old.verdict, old.reason) != (new.verdict, new.reason)
        if old is not None and moved:
            _add_page(made, old, places, -1)
        if new is not None:
            _add_page(made, new, places, 1 if moved else 0)
        _add_document(made, old, new, places)


def add_erased(made: Change, rows: Sequence[Row[Any]], places: Places) -> None:
    """Decisions that were taken out; from when to when there were any stays."""
    for row in rows:
        _add_decision(made, row, places, -1)
    made.hours.clear()  # bounds, which stay true of fewer rows


def _copies(connection: Connection, hashes: Collection[int], upto: int) -> dict[int, list[Row[Any]]]:
    """Documents of pages, the last one last."""
    names = ("url_hash", "bytes", "kept_at", "withdrawn_at")
    found: dict[int, list[Row[Any]]] = {}
    for row in connection.execute(
        select(*(document.c[name] for name in names))
        .where(document.c.url_hash.in_(hashes), document.c.decision_id <= upto)
        .order_by(document.c.decision_id)
    ):
        found.setdefault(row.url_hash, []).append(row)
    return found


def _standing(row: Row[Any], copies: Sequence[Row[Any]]) -> Standing:
    keeps = row.stage != Stage.FRONTIER.value and row.verdict == Verdict.KEEP.value
    kept = keeps and bool(copies) and copies[-1].withdrawn_at is None
    return Standing(
        key=row.lookup_key,
        verdict=row.verdict,
        reason=row.reason,
        decided_at=row.decided_at,
        bytes=copies[-1].bytes if kept else None,
        taken=bool(copies),
        first=min((c.kept_at for c in copies), default=None),
        last=max((c.kept_at for c in copies), default=None),
        withdrawn=max((c.withdrawn_at for c in copies if c.withdrawn_at), default=None),
    )


def _add_decision(made: Change, row: Row[Any], places: Places, number: int = 1) -> None:
    when = row.decided_at
    for place in places(row.lookup_key):
        key = (place, row.stage, row.verdict, row.reason, row.identity_id)
        known = made.decisions.get(key)
        if known is None:
            known = DecisionSum(host=row.host, decisions=0, first=when, last=when, last_id=row.id)
            made.decisions[key] = known
        known.decisions += number
        known.first, known.last = min(known.first, when), max(known.last, when)
        known.last_id = max(known.last_id, row.id)
    hour = iso(row.decided_at)[:HOUR]
    in_hour = made.hours.setdefault(hour, HourSum(decisions=0, first_id=row.id, last_id=row.id))
    in_hour.decisions += number
    in_hour.first_id, in_hour.last_id = min(in_hour.first_id, row.id), max(in_hour.last_id, row.id)


def _add_page(made: Change, standing: Standing, places: Places, number: int) -> None:
    when = standing.decided_at
    for place in places(standing.key):
        key = (place, standing.verdict, standing.reason)
        known = made.pages.setdefault(key, PageSum(pages=0, first=when, last=when))
        known.pages += number
        known.first, known.last = min(known.first, when), max(known.last, when)


def _add_document(made: Change, old: Standing | None, new: Standing | None, places: Places) -> None:
    there = [s for s in (old, new) if s is not None and s.first is not None]
    if not there:
        return
    first, last = min(s.first for s in there if s.first), max(s.last for s in there if s.last)
    for place in places(there[-1].key):
        fresh = DocumentSum(kept=0, bytes=0, pages=0, first=first, last=last, withdrawn=None)
        known = made.documents.setdefault(place, fresh)
        for standing, sign in ((old, -1), (new, 1)):
            if standing is not None:
                known.kept += sign * (standing.bytes is not None)
                known.bytes += sign * (standing.bytes or 0)
                known.pages += sign * standing.taken
        known.first, known.last = min(known.first, first), max(known.last, last)
        known.withdrawn = latest(known.withdrawn, new.withdrawn if new is not None else None)


def latest(*moments: datetime | None) -> datetime | None:
    """The last of those that are set."""
    return max((m for m in moments if m is not None), default=None)

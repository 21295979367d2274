"""Rows that follow from decisions, held against them: reservations and sums, which lookups answer from."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Table, select
from sqlalchemy.exc import SQLAlchemyError

from crawler.store.codec import MAX_REASONS, reasons_from_json
from crawler.store.places import Site, site_of
from crawler.store.queries.folders import places_of
from crawler.store.queries.sums import Change, change, counted_upto, decided
from crawler.store.schema import NOT_OF_A_PAGE, decision, observation, reservation
from crawler.store.seen import is_reservation, location_kinds, natural_key
from crawler.store.summary import hour_decisions, site_decisions, site_documents, site_pages
from reservations.model import Outcome

BATCH = 2000
EXACT: Mapping[Table, tuple[str, ...]] = {
    site_decisions: ("decisions", "last_id"),
    site_pages: ("pages",),
    site_documents: ("kept", "bytes", "pages"),
    hour_decisions: ("decisions", "first_id", "last_id"),
}
"""What sums say whatever was erased; from when to when there were any, they keep after an erasure."""
UNERASED: Mapping[Table, tuple[str, ...]] = {site_decisions: ("host", "first", "last")}
SHOWN = ("kind", "protocol", "code", "use", "quote")


def wrong_rows(connection: Connection, *, erased: bool) -> Iterator[str]:
    """Reservations and sums that decisions do not bear out; `erased`: whether any decision was taken out."""
    for table, check in (("reservation", wrong_reservations), ("sums", wrong_sums)):
        try:
            yield from check(connection, erased=erased)
        except (SQLAlchemyError, ValueError, LookupError, TypeError) as error:
            yield f"the table of {table} cannot be read ({type(error).__name__}: {str(error)[:200]})"


def wrong_sums(connection: Connection, *, erased: bool) -> Iterator[str]:
    """What sums say other than the decisions that they hold."""
    made, since, upto = Change(), 0, counted_upto(connection)
    while rows := decided(connection, decision.c.id > since, decision.c.id <= upto, limit=BATCH):
        places = places_of(connection, (row.lookup_key for row in rows))
        change(connection, rows, since, places, made)
        since = rows[-1].id
    if erased:
        made.hours.clear()
    for table, sums in (
        (site_decisions, made.decisions),
        (site_pages, made.pages),
        (site_documents, made.documents),
        (hour_decisions, {(hour,): value for hour, value in made.hours.items()}),
    ):
        if sums or not erased:
            names = EXACT[table] + (() if erased else UNERASED.get(table, ()))
            yield from _compared(connection, table, sums, names)


def _compared(
    connection: Connection, table: Table, sums: Mapping[Any, Any], names: tuple[str, ...]
) -> Iterator[str]:
    keys, left = tuple(table.primary_key.columns), set(sums)
    for row in connection.execute(select(table).order_by(*keys)).yield_per(BATCH):
        key = tuple(row._mapping[column] for column in keys)
        known = key if key in sums else key[0]  # of documents the site alone
        value = sums.get(known)
        left.discard(known)
        if value is None and not any(row._mapping[table.c[name]] for name in EXACT[table]):
            continue
        for name in names:
            stated, right = row._mapping[table.c[name]], None if value is None else getattr(value, name)
            if stated != right:
                yield f"{table.name} of {_named(key)} says {name} {stated}, its decisions {right}"
    for key in left:
        if any(getattr(sums[key], name) for name in EXACT[table]):
            yield f"{table.name} of {_named(key)} is gone"


def _named(key: Any) -> str:
    return " ".join(map(str, key)) if isinstance(key, tuple) else str(key)


@dataclass(slots=True, kw_only=True)
class _Sighted:
    """A reservation as decisions tell of it."""

    site: Site
    first: datetime
    """When it was seen first, by the first decision that rests on it."""
    last: datetime


@dataclass(slots=True, kw_only=True)
class _Sightings:
    by_key: dict[str, _Sighted] = field(default_factory=dict)
    incomplete: set[str] = field(default_factory=set)
    """Origins with a decision that had more reasons than are kept."""


def wrong_reservations(connection: Connection, *, erased: bool) -> Iterator[str]:
    """Reservations that decisions do not tell of, or other than they do."""
    sightings = _sightings(connection)
    for row in connection.execute(select(reservation).order_by(reservation.c.id)).yield_per(BATCH):
        seen = sightings.by_key.pop(row.natural_key, None)
        name, untold = f"reservation {row.id} of {row.origin}", erased or row.origin in sightings.incomplete
        key = (row.origin, *(getattr(row, column) for column in SHOWN))
        if natural_key(key) != row.natural_key:
            yield f"{name} does not say what was seen"
        elif seen is not None:
            yield from (f"{name}: {fault}" for fault in _faults(row, seen, erased=untold))
            if not untold:
                yield from (f"{name}: {fault}" for fault in _times(connection, row, seen))
        elif not untold:
            yield f"{name} is one that no decision rests on"
    for seen in sightings.by_key.values():
        yield f"a reservation of {seen.site.origin}, first seen {seen.first:%d %B %Y}, is gone"


def _faults(row: Row[Any], seen: _Sighted, *, erased: bool) -> Iterator[str]:
    if (row.host, row.domain) != (seen.site.host, seen.site.domain):
        yield f"stands under {row.host}, {row.domain}"
    if row.first_seen != seen.first and not (erased and row.first_seen < seen.first):
        yield f"first seen {row.first_seen.isoformat()}, by its decisions {seen.first.isoformat()}"
    if row.last_seen < seen.last:
        yield f"last seen {row.last_seen.isoformat()}, by its decisions {seen.last.isoformat()}"
    if row.ended_at is not None and row.ended_at < seen.last:
        yield f"ended {row.ended_at.isoformat()}, by its decisions seen {seen.last.isoformat()}"


def _times(connection: Connection, row: Row[Any], seen: _Sighted) -> Iterator[str]:
    """A later version of a file prolongs a reservation or ends it: then it was asked for at that time."""
    later = {row.last_seen} - {seen.last} if row.last_seen > seen.last else set()
    if row.kind in location_kinds():
        later |= {row.ended_at} - {None}
    for when in sorted(later):
        c = observation.c
        at_that_time = (c.origin == row.origin, c.kind == row.kind, c.fetched_at == when, NOT_OF_A_PAGE)
        if connection.scalar(select(c.id).where(*at_that_time).limit(1)) is None:
            yield f"says {when.isoformat()}, when nothing was asked for"


def _sightings(connection: Connection) -> _Sightings:
    found, after = _Sightings(), 0
    names = ("id", "url", "reasons", "observations")
    statement = select(*(decision.c[name] for name in names)).where(decision.c.reasons != "[]")
    while rows := connection.execute(
        statement.where(decision.c.id > after).order_by(decision.c.id).limit(BATCH)
    ).all():
        _add_sightings(connection, rows, found)
        after = rows[-1].id
    return found


def _add_sightings(connection: Connection, rows: Iterable[Row[Any]], found: _Sightings) -> None:
    numbers = {row.id: json.loads(row.observations) for row in rows}
    observed = _observed(connection, sorted({n for each in numbers.values() for n in each}))
    for row in rows:
        site, reasons = site_of(row.url), reasons_from_json(row.reasons)
        if len(reasons) == MAX_REASONS:
            found.incomplete.add(site.origin)
        by_digest = {o.evidence_sha256: o for n in numbers[row.id] if (o := observed.get(n)) is not None}
        for reason in reasons:
            seen = by_digest.get(reason.evidence or "")
            if seen is not None and is_reservation(reason, Outcome(seen.outcome)):
                use = reason.use and reason.use.value
                key = natural_key((site.origin, seen.kind, reason.protocol, reason.code, use, reason.quote))
                when = seen.fetched_at
                known = found.by_key.setdefault(key, _Sighted(site=site, first=when, last=when))
                known.last = max(known.last, when)


def _observed(connection: Connection, numbers: list[int]) -> dict[int, Row[Any]]:
    columns = [observation.c[n] for n in ("id", "kind", "outcome", "evidence_sha256", "fetched_at")]
    found: dict[int, Row[Any]] = {}
    for start in range(0, len(numbers), BATCH):
        some = observation.c.id.in_(numbers[start : start + BATCH])
        found.update((row.id, row) for row in connection.execute(select(*columns).where(some)))
    return found

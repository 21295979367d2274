"""Reservations as a stream: every one that was seen, with the words and from when to when."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, func, select

from crawler.store.queries.lookup import ReservationRow
from crawler.store.schema import reservation

CHUNK = 1000
"""Rows fetched at a time, so that memory does not grow with the answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReservationFilter:
    """Which reservations; everything that is set must hold."""

    domain: str | None = None
    """Registrable domain."""
    host: str | None = None
    protocol: str | None = None
    since: datetime | None = None
    """Seen then or later."""
    until: datetime | None = None
    """First seen before; exclusive."""
    after: int = 0
    """Cursor: the id of the last reservation already seen."""


def reservations(connection: Connection, wanted: ReservationFilter) -> Iterator[ReservationRow]:
    """Reservations in the order they were first recorded, in bounded memory."""
    columns = select(*(reservation.c[name] for name in ReservationRow.__slots__))
    statement = columns.where(*_conditions(wanted)).order_by(reservation.c.id).limit(CHUNK)
    after = wanted.after
    while True:
        rows = connection.execute(statement.where(reservation.c.id > after)).all()
        for row in rows:
            yield ReservationRow(**row._mapping)
        if len(rows) < CHUNK:
            return
        after = rows[-1].id


def last_reservation(connection: Connection) -> int:
    """The number of the newest reservation; 0 where there is none."""
    return connection.scalar(select(func.max(reservation.c.id))) or 0


def _conditions(wanted: ReservationFilter) -> Iterator[ColumnElement[bool]]:
    for column, value in (
        (reservation.c.domain, wanted.domain),
        (reservation.c.host, wanted.host),
        (reservation.c.protocol, wanted.protocol),
    ):
        if value is not None:
            yield column == value
    if wanted.since is not None:
        yield reservation.c.last_seen >= wanted.since
    if wanted.until is not None:
        yield reservation.c.first_seen < wanted.until

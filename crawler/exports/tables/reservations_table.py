"""Reservations: what sites said, from when to when."""

from __future__ import annotations

from collections.abc import Iterator

from crawler.exports.tables import columns as c
from crawler.exports.tables.model import Selection, Table
from crawler.present import reservation
from crawler.store.database import Connection
from crawler.store.queries.lookup import ReservationRow
from crawler.store.queries.reservations import ReservationFilter, last_reservation, reservations


def rows(connection: Connection, wanted: Selection) -> Iterator[ReservationRow]:
    """Reservations in the order they were first recorded."""
    return reservations(
        connection,
        ReservationFilter(
            domain=wanted.domain,
            host=wanted.host,
            protocol=wanted.protocol,
            since=wanted.since,
            until=wanted.until,
            after=wanted.after,
        ),
    )


TABLE = Table(
    name="reservations",
    title="Reservations",
    description="A reservation that was seen, with its words and the time it stood there.",
    properties={
        "origin": c.text("Scheme, host and port."),
        "kind": c.text("Where it stood: robots.txt, tdmrep.json, response, ..."),
        "protocol": c.text("The protocol that reads it."),
        "code": c.text("Reason code."),
        "use": c.USE,
        "scope": c.text("What of the origin it covers, in its own words.", nullable=True),
        "policy_url": c.text("Where its terms are, by its own account.", nullable=True),
        "url": c.text("The URL it was read from."),
        "evidence": c.digest("SHA-256 of the file that was read."),
        "line": c.LINE,
        "quote": c.text("The words themselves, bounded."),
        "first_seen": c.time("When it was first seen."),
        "last_seen": c.time("When it was last seen."),
        "ended_at": c.time("When a later version no longer said it.", nullable=True),
    },
    takes=("domain", "host", "protocol", "since", "until"),
    rows=rows,
    present=reservation,
    number=lambda row: row.id,
    newest=last_reservation,
    seen=lambda row: row.first_seen,
)

"""Reservations as things that begin, last and end: first seen, last seen, ended.

A reservation is known by its origin and its words; a new version of a file that still says the same
prolongs it. One stated in a page's own header or markup is counted once for the origin, and never
ends by itself: that one page no longer says so tells nothing about the others.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row, bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite

from crawler.store.codec import to_json
from crawler.store.places import Site
from crawler.store.schema import reservation
from crawler.store.writer import Writer
from reservations.model import ROBOTS_TXT, Agent, Effect, Evidence, Outcome, Preference, Reason, Statement
from reservations.protocols import discover
from reservations.read import read

if TYPE_CHECKING:
    from crawler.gate import Decision

REMEMBERED = 50_000
"""Reservations whose last sighting is kept in memory."""
MAX_RECONSIDERED = 500
"""Reservations of one origin and file that a new version of the file is held against."""
NOT_A_RESERVATION = frozenset({"access", "blocklist", "error", "security"})
ANSWERS = frozenset({Outcome.FOUND, Outcome.ABSENT, Outcome.MALFORMED})
"""Outcomes after which we know what the file says now."""

_END = update(reservation).where(reservation.c.id == bindparam("of_id")).values(ended_at=bindparam("at"))
_PROLONG = (
    update(reservation)
    .where(reservation.c.id == bindparam("of_id"))
    .values(last_seen=bindparam("at"), evidence_sha256=bindparam("sha256"), line=bindparam("at_line"))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """One piece of a decision's evidence, under the digest its reasons name it by."""

    evidence: Evidence
    sha256: str


class SeenReservations:
    """Keeps the reservation table while decisions are recorded."""

    def __init__(self, writer: Writer, agent: Agent) -> None:
        self._writer = writer
        self._agent = agent
        self._upsert = _upsert(writer.engine.dialect.name)
        self._last_seen: dict[tuple[object, ...], datetime] = {}
        self._open: set[tuple[str, str]] = set()
        """Origins and kinds of file with a reservation that has not ended."""

    def load(self, connection: Connection) -> None:
        """Remember what is open from earlier crawls."""
        pairs = select(reservation.c.origin, reservation.c.kind).where(reservation.c.ended_at.is_(None))
        self._open = {(origin, kind) for origin, kind in connection.execute(pairs.distinct())}

    def record(self, decision: Decision, site: Site, sightings: Iterable[Sighting]) -> None:
        """Write down the reservations a decision rests on, where this is news."""
        by_sha256 = {s.sha256: s for s in sightings}
        for reason in decision.reasons:
            sighting = by_sha256.get(reason.evidence or "")
            if sighting is not None and is_reservation(reason, sighting.evidence.outcome):
                self._sight(decision, site, reason, sighting)

    def file_observed(self, origin: str, sighting: Sighting) -> None:
        """A location file was asked for: end what it no longer says."""
        evidence = sighting.evidence
        if (origin, evidence.kind) not in self._open or evidence.outcome not in ANSWERS:
            return
        if evidence.kind in location_kinds():
            self._writer.call(lambda connection: _reconsider(connection, origin, sighting, self._agent))

    def _sight(self, decision: Decision, site: Site, reason: Reason, sighting: Sighting) -> None:
        evidence = sighting.evidence
        key = (site.origin, evidence.kind, reason.protocol, reason.code, reason.use, reason.quote)
        last = self._last_seen.get(key)
        if last is not None and last >= evidence.fetched_at:
            return
        if len(self._last_seen) >= REMEMBERED:
            self._last_seen.clear()
        self._last_seen[key] = evidence.fetched_at
        self._open.add((site.origin, evidence.kind))
        statement = self._statement(decision, reason)
        self._writer.push(
            self._upsert,
            {
                "natural_key": natural_key(key),
                "origin": site.origin,
                "host": site.host,
                "domain": site.domain,
                "kind": evidence.kind,
                "protocol": reason.protocol,
                "code": reason.code,
                "use": None if reason.use is None else reason.use.value,
                "scope": statement.scope if statement else "",
                "policy_url": statement.policy_url if statement else None,
                "url": decision.url,
                "evidence_sha256": sighting.sha256,
                "line": reason.line,
                "quote": reason.quote,
                "first_seen": evidence.fetched_at,
                "last_seen": evidence.fetched_at,
            },
        )

    def _statement(self, decision: Decision, reason: Reason) -> Statement | None:
        """What a reason was made from: it alone knows scope and terms. Read again only for news."""
        statements = read(decision.url, decision.evidence, self._agent).statements
        return next((s for s in statements if _says(s, reason.code, reason.use, reason.quote)), None)


def natural_key(known_by: tuple[object, ...]) -> str:
    """The key of a reservation: origin, kind of evidence, protocol, code, use and words."""
    return sha256(to_json(known_by).encode()).hexdigest()


def _reconsider(connection: Connection, origin: str, sighting: Sighting, agent: Agent) -> None:
    evidence = sighting.evidence
    rows = connection.execute(
        select(reservation)
        .where(reservation.c.origin == origin, reservation.c.kind == evidence.kind)
        .where(reservation.c.ended_at.is_(None), reservation.c.last_seen < evidence.fetched_at)
        .order_by(reservation.c.id)
        .limit(MAX_RECONSIDERED)
    ).all()
    for row in rows:
        statement = _still_said(row, evidence, agent)
        values: dict[str, Any] = {"of_id": row.id, "at": evidence.fetched_at}
        if statement is None:
            connection.execute(_END, values)
        else:
            values |= {"sha256": sighting.sha256, "at_line": statement.locator.line}
            connection.execute(_PROLONG, values)


def _still_said(row: Row[Any], evidence: Evidence, agent: Agent) -> Statement | None:
    # A rule binds some URLs only: the one it was first met at is asked about again.
    statements = read(row.url, (evidence,), agent).statements
    return next((s for s in statements if _says(s, row.code, row.use, row.quote)), None)


def _says(statement: Statement, code: str, use: str | None, quote: str) -> bool:
    return (
        statement.preference is Preference.RESERVED
        and statement.code == code
        and statement.use == use
        and statement.locator.quote == quote
    )


def is_reservation(reason: Reason, outcome: Outcome) -> bool:
    """Whether a reason is a reservation that was seen, rather than a limit, a list or a failure."""
    return (
        reason.effect is Effect.EXCLUDE
        and reason.protocol not in NOT_A_RESERVATION
        and outcome in (Outcome.FOUND, Outcome.MALFORMED)
    )


@cache
def location_kinds() -> frozenset[str]:
    """Kinds of evidence that are files of a site, rather than something of one page."""
    return frozenset({ROBOTS_TXT, *(location.kind for p in discover() for location in p.locations)})


def _upsert(dialect: str) -> Any:
    statement = (postgresql.insert if dialect == "postgresql" else sqlite.insert)(reservation)
    new = statement.excluded
    return statement.on_conflict_do_update(
        index_elements=["natural_key"],
        set_={
            "last_seen": new.last_seen,
            "evidence_sha256": new.evidence_sha256,
            "line": new.line,
            "ended_at": None,
        },
        where=new.last_seen > reservation.c.last_seen,
    )

"""Domains that a feed has something to tell about."""

from __future__ import annotations

from sqlalchemy import Connection, select, union

from crawler.store.schema import decision, reservation
from reservations.model import Verdict


def domains_to_tell(connection: Connection, most: int) -> tuple[str, ...]:
    """Registrable domains with a recorded reservation or an excluded page, by name, at most so many."""
    reserved = select(reservation.c.domain).where(reservation.c.domain != "")
    excluded = select(decision.c.domain).where(
        decision.c.verdict == Verdict.EXCLUDE.value, decision.c.domain != ""
    )
    both = union(reserved, excluded).subquery()
    return tuple(connection.scalars(select(both.c.domain).order_by(both.c.domain).limit(most)))

"""Feeds with licences that were read, as the record holds them."""

from __future__ import annotations

from sqlalchemy import Connection, func, select

from crawler.store.codec import evidence_from_row
from crawler.store.schema import NOT_OF_A_PAGE, evidence, observation
from reservations.model import Evidence
from reservations.readers.rsl_embedded import KIND

MAX_READINGS = 200
"""Readings of one origin that are looked at: images and other files with licences are among them."""


def feeds_of(connection: Connection, origin: str) -> tuple[tuple[int, Evidence], ...]:
    """The newest reading of each feed of an origin, the oldest first, with its observation.

    Feeds without licences are among them where a page links them; files with licences are too.
    """
    mine = (observation.c.origin == origin, NOT_OF_A_PAGE, observation.c.kind == KIND)
    newest = (
        select(func.max(observation.c.id))
        .where(*mine)
        .group_by(observation.c.url)
        .order_by(func.max(observation.c.id).desc())
        .limit(MAX_READINGS)
    )
    rows = connection.execute(
        select(observation, evidence.c.content)
        .join(evidence, evidence.c.sha256 == observation.c.evidence_sha256)
        .where(observation.c.id.in_(newest))
        .order_by(observation.c.id)
    ).all()
    found = ((row, evidence_from_row(row, row.content)) for row in rows)
    # what was removed from the record has other bytes than its digest says
    return tuple((row.id, each) for row, each in found if each.sha256 == row.evidence_sha256)

"""The end of reservations that stand in pages: once no page of the origin says them any more."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select, update

from crawler.store.codec import reasons_from_json
from crawler.store.places import site_of, url_hash
from crawler.store.schema import decision, reservation
from reservations.model import Stage, Verdict

MAX_OTHERS = 2000
"""Pages of an origin that are asked whether they still say it; with more the reservation stays open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """What a page no longer says."""

    kind: str
    protocol: str
    code: str
    use: str | None
    quote: str


def end_reservations(connection: Connection, url: str, gone: Iterable[Gone], when: datetime) -> int:
    """End what this page no longer says, where no other page of its origin says it; how many ended.

    A reservation in a page is recorded once for its origin (see `crawler.store.seen`), so the last page
    that says it ends it.
    """
    site, ended = site_of(url), 0
    for each in gone:
        mine = (
            reservation.c.origin == site.origin,
            *(reservation.c[name] == getattr(each, name) for name in ("kind", "protocol", "code", "quote")),
            reservation.c.use.is_(None) if each.use is None else reservation.c.use == each.use,
            reservation.c.ended_at.is_(None),
        )
        if connection.scalar(select(reservation.c.id).where(*mine)) is None:
            continue
        if not _said_elsewhere(connection, url, each):
            ended += connection.execute(update(reservation).where(*mine).values(ended_at=when)).rowcount
    return ended


def _said_elsewhere(connection: Connection, url: str, each: Gone) -> bool:
    site, newer = site_of(url), decision.alias("newer")
    superseded = (
        select(newer.c.id)
        .where(
            newer.c.url_hash == decision.c.url_hash,
            newer.c.id > decision.c.id,
            newer.c.stage != Stage.FRONTIER.value,
        )
        .correlate(decision)
        .exists()
    )
    rows = connection.execute(
        select(decision.c.url, decision.c.reasons)
        .where(
            decision.c.domain == site.domain,
            decision.c.verdict == Verdict.EXCLUDE.value,
            decision.c.reasons.contains(f'"code":"{each.code}"', autoescape=True),
            decision.c.url_hash != url_hash(url),
            ~superseded,
        )
        .limit(MAX_OTHERS)
    ).all()
    if len(rows) == MAX_OTHERS:
        return True
    return any(site_of(row.url).origin == site.origin and _says(row.reasons, each) for row in rows)


def _says(reasons: str, each: Gone) -> bool:
    wanted = (each.protocol, each.code, each.use, each.quote)
    return any((r.protocol, r.code, r.use, r.quote) == wanted for r in reasons_from_json(reasons))

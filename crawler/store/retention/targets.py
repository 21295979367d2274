"""What a request to remove something finds in the record, and what holds it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, func, select

from crawler.retention.holds import About, Hold, HoldKind, held_by
from crawler.store.desk import complaint
from crawler.store.places import domain_range, site_of, url_hash
from crawler.store.retention.marks import about_observation, location_kinds
from crawler.store.retention.rules.complaints import complaint_abouts
from crawler.store.schema import crawl, decision, document, evidence, observation

CHUNK = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class PageTarget:
    """A page with everything the record has of it."""

    url: str
    """Without its fragment."""
    host: str
    origin: str
    key: int
    decisions: tuple[int, ...]
    observations: tuple[int, ...]
    """What was read of the page itself."""
    evidence: tuple[str, ...]
    """Bytes that were read of it and of nothing else."""
    named_as_via: int
    """Decisions about other addresses that name this one as the way to them."""
    held: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceTarget:
    """A piece of evidence, wherever it was met."""

    sha256: str
    kind: str
    host: str
    length: int
    is_there: bool
    """Whether its bytes are still in the record."""
    observations: int
    kept: int
    """Kept documents whose decisions rest on it."""
    held: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class ComplaintTarget:
    """A complaint."""

    id: int
    reference: str
    is_there: bool
    held: frozenset[int]


def page_target(connection: Connection, url: str, holds: Sequence[Hold]) -> PageTarget | None:
    """A page by its address; None where nothing was ever decided about it."""
    page = url.partition("#")[0]
    names = ("id", "url", "crawl_id", "observations")
    same = select(*(decision.c[name] for name in names)).where(decision.c.url_hash == url_hash(url))
    rows = [row for row in connection.execute(same) if row.url.partition("#")[0] == page]
    if not rows:
        return None
    site = site_of(page)
    numbers = sorted({number for row in rows for number in json.loads(row.observations)})
    seen = _of_page(connection, numbers)
    abouts = [About(host=site.host, url=page, crawl=row.crawl_id) for row in rows]
    via = select(func.count()).where(decision.c.domain == site.domain, decision.c.via == page)
    return PageTarget(
        url=page,
        host=site.host,
        origin=site.origin,
        key=url_hash(page),
        decisions=tuple(row.id for row in rows),
        observations=tuple(seen),
        evidence=_unshared(connection, seen),
        named_as_via=connection.scalar(via) or 0,
        held=held_by(holds, *abouts),
    )


def evidence_target(connection: Connection, sha256: str, holds: Sequence[Hold]) -> EvidenceTarget | None:
    """A piece of evidence by its digest; None where the record has none."""
    size = select(evidence.c.length, func.length(evidence.c.content).label("there"))
    found = connection.execute(size.where(evidence.c.sha256 == sha256)).one_or_none()
    if found is None or not found.length:
        return None
    rows = connection.execute(select(observation).where(observation.c.evidence_sha256 == sha256)).all()
    numbers = frozenset(row.id for row in rows)
    held = set(held_by(holds, *map(about_observation, rows)))
    held |= {
        hold.id for hold in holds if hold.id not in held and _rests_on(connection, _under(hold), numbers)
    }
    return EvidenceTarget(
        sha256=sha256,
        kind=rows[0].kind if rows else "",
        host=site_of(rows[0].url).host if rows else "",
        length=found.length,
        is_there=bool(found.there),
        observations=len(rows),
        kept=_kept(connection, numbers),
        held=frozenset(held),
    )


def complaint_target(connection: Connection, reference: str, holds: Sequence[Hold]) -> ComplaintTarget | None:
    """A complaint by its reference; None where there is none."""
    row = connection.execute(select(complaint).where(complaint.c.reference == reference)).one_or_none()
    if row is None:
        return None
    return ComplaintTarget(
        id=row.id,
        reference=row.reference,
        is_there=bool(row.name or row.contact or row.content or row.subjects),
        held=held_by(holds, *complaint_abouts(connection, row)),
    )


def crawl_exists(connection: Connection, number: int) -> bool:
    """Whether the record has a crawl of that number."""
    return connection.scalar(select(crawl.c.id).where(crawl.c.id == number)) is not None


def _of_page(connection: Connection, numbers: Sequence[int]) -> dict[int, str]:
    """Of these observations those of the page itself, with the digests of their bytes."""
    found: dict[int, str] = {}
    for start in range(0, len(numbers), CHUNK):
        some = observation.c.id.in_(numbers[start : start + CHUNK])
        mine = (some, observation.c.kind.not_in(location_kinds()))
        rows = connection.execute(select(observation.c.id, observation.c.evidence_sha256).where(*mine))
        found |= {row.id: row.evidence_sha256 for row in rows}
    return found


def _unshared(connection: Connection, seen: dict[int, str]) -> tuple[str, ...]:
    """Digests that no other observation has. One pass over the observations: they have no index on these."""
    digests, numbers = sorted(set(seen.values())), list(seen)
    shared: set[str] = set()
    for start in range(0, len(digests), CHUNK):
        others = select(observation.c.evidence_sha256).where(
            observation.c.evidence_sha256.in_(digests[start : start + CHUNK]),
            observation.c.id.not_in(numbers),
        )
        shared.update(connection.scalars(others.distinct()))
    return tuple(digest for digest in digests if digest not in shared)


def _kept(connection: Connection, numbers: frozenset[int]) -> int:
    """Kept documents whose decisions rest on any of these observations."""
    kept = select(document.c.decision_id).where(document.c.withdrawn_at.is_(None))
    return sum(1 for each in _observations(connection, decision.c.id.in_(kept)) if numbers & each)


def _rests_on(connection: Connection, under: ColumnElement[bool], numbers: frozenset[int]) -> bool:
    return any(numbers & each for each in _observations(connection, under))


def _observations(connection: Connection, condition: ColumnElement[bool]) -> Iterator[set[int]]:
    """What each of these decisions rests on."""
    after = 0
    while True:
        page = select(decision.c.id, decision.c.observations).where(condition, decision.c.id > after)
        rows = connection.execute(page.order_by(decision.c.id).limit(CHUNK)).all()
        for row in rows:
            yield set(json.loads(row.observations))
        if len(rows) < CHUNK:
            return
        after = rows[-1].id


def _under(hold: Hold) -> ColumnElement[bool]:
    """The decisions a hold covers."""
    if hold.kind is HoldKind.CRAWL:
        return decision.c.crawl_id == int(hold.subject)
    if hold.kind is HoldKind.URL:
        return decision.c.url_hash == url_hash(hold.subject)
    start, end = domain_range(hold.subject)
    return (decision.c.lookup_key >= start) & (decision.c.lookup_key < end)

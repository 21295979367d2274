"""What a rightsholder asks: what of my site was taken, what was left, and what did you see there?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, FromClause, func, select

from blocklists.hostnames import canonical_host, registrable_domain
from crawler.retention.model import Redaction
from crawler.store.places import domain_range, key_range, lookup_key, site_of
from crawler.store.queries.documents import is_kept_now
from crawler.store.queries.folders import folder_of, has_sums
from crawler.store.queries.retention import redactions_of_host
from crawler.store.queries.site import Sites, SiteSums, folder_sites
from crawler.store.schema import crawl, decision, document, omitted, reservation

MAX_RESERVATIONS = 1000
"""Reservations in one answer; `ReservationFilter.after` gives the next ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LookupFilter:
    """A host with everything below it, or a URL prefix."""

    subject: str
    """`example.org` or `https://example.org/articles/`: a scheme or a path makes it a prefix."""
    after_reservation: int = 0
    """Cursor: the id of the last reservation already seen."""
    before: str = ""
    """Lookup keys from this one on do not count; empty: all do."""

    @property
    def host(self) -> str:
        """The host in normal form; empty where the subject has none."""
        return canonical_host(self.subject) or ""

    @property
    def is_prefix(self) -> bool:
        """Whether a URL prefix is meant."""
        return "/" in self.subject.removeprefix("https://").removeprefix("http://")

    @property
    def keys(self) -> tuple[str, str]:
        """The range of lookup keys asked about."""
        if not self.is_prefix:
            return domain_range(self.host)
        url = self.subject if "://" in self.subject else f"https://{self.subject}"
        start, end = key_range(lookup_key(url))
        return start, min(end, self.before) if self.before else end

    @property
    def sites(self) -> Sites | None:
        """The hosts asked about, where whole hosts are: their sums are kept."""
        start, end = self.keys
        if self.is_prefix:
            if not start.endswith(")/"):
                return None
            start, end = key_range(start[:-1])
        return Sites(start=start, end=end, domain=registrable_domain(self.host) or self.host)

    @property
    def folder(self) -> Sites | None:
        """The folder asked about, where it is one: if it is large its sums are kept."""
        name = folder_of(self.keys[0]) if self.is_prefix and not self.before else None
        return folder_sites(name, registrable_domain(self.host) or self.host) if name else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """How often, and when, URLs were settled in one way."""

    stage: str
    verdict: str
    reason: str
    decisions: int
    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OmittedRow:
    """Links left out without a row each."""

    origin: str
    stage: str
    verdict: str
    reason: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReservationRow:
    """A reservation that was seen, with the words and when they stood there."""

    id: int
    origin: str
    kind: str
    protocol: str
    code: str
    use: str | None
    scope: str
    policy_url: str | None
    url: str
    evidence_sha256: str
    line: int | None
    quote: str
    first_seen: datetime
    last_seen: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """The answer, which is dated also where it is `nothing`."""

    subject: str
    host: str
    crawls: int
    recorded_from: datetime | None
    """When the first crawl of this record began."""
    recorded_until: datetime | None
    """When the last decision of this record fell."""
    settled: tuple[Settled, ...]
    documents: int
    """Kept now."""
    bytes: int
    reservations: tuple[ReservationRow, ...]
    omitted: tuple[OmittedRow, ...]
    removals: tuple[Redaction, ...] = ()
    """What was removed on request, by host: of a page the record does not know the address any more."""

    @property
    def decisions(self) -> int:
        """All decisions about the subject."""
        return sum(s.decisions for s in self.settled)

    @property
    def first(self) -> datetime | None:
        """The first decision about the subject."""
        return min((s.first for s in self.settled), default=None)

    @property
    def last(self) -> datetime | None:
        """The last decision about the subject."""
        return max((s.last for s in self.settled), default=None)


# Made once: to make a statement takes longer than its answer.
_REACH = select(
    func.count().label("crawls"),
    func.min(crawl.c.started_at).label("begun"),
    select(decision.c.decided_at).order_by(decision.c.id.desc()).limit(1).scalar_subquery().label("until"),
)


def sums_of(connection: Connection, wanted: LookupFilter) -> SiteSums | None:
    """The sums over the hosts or the folder asked about; None where no sums of it are kept.

    Whoever asks several questions in one transaction hands it to each of them.
    """
    sites = wanted.sites
    if sites is None and (folder := wanted.folder) is not None and has_sums(connection, folder.start):
        sites = folder
    return None if sites is None else SiteSums(connection, sites)


def lookup(connection: Connection, wanted: LookupFilter, sums: SiteSums | None = None) -> Lookup:
    """Everything the record says about a host with what lies below it, or about a URL prefix."""
    sums = sums or sums_of(connection, wanted)
    documents, size = _kept(connection, wanted, sums)
    reach = connection.execute(_REACH).one()
    return Lookup(
        subject=wanted.subject,
        host=wanted.host,
        crawls=reach.crawls,
        recorded_from=reach.begun,
        recorded_until=reach.until,
        settled=tuple(_settled(connection, wanted, sums)),
        documents=documents,
        bytes=size,
        reservations=tuple(_reservations(connection, wanted)),
        omitted=tuple(_omitted(connection, wanted)),
        removals=redactions_of_host(connection, wanted.host, below=not wanted.is_prefix),
    )


def _within(wanted: LookupFilter) -> ColumnElement[bool]:
    start, end = wanted.keys
    return (decision.c.lookup_key >= start) & (decision.c.lookup_key < end)


def _settled(connection: Connection, wanted: LookupFilter, sums: SiteSums | None) -> Iterator[Settled]:
    if sums is not None:
        found = sums.settled().items()
        for (stage, verdict, reason), value in sorted(found, key=lambda pair: (-pair[1].number, pair[0])):
            yield Settled(
                stage=stage,
                verdict=verdict,
                reason=reason,
                decisions=value.number,
                first=value.first,
                last=value.last,
            )
        return
    group = (decision.c.stage, decision.c.verdict, decision.c.reason)
    when = decision.c.decided_at
    rows = connection.execute(
        select(
            *group,
            func.count().label("decisions"),
            func.min(when).label("first"),
            func.max(when).label("last"),
        )
        .where(_within(wanted))
        .group_by(*group)
        .order_by(func.count().desc(), *group)
    )
    for row in rows:
        yield Settled(**row._mapping)


def _kept(connection: Connection, wanted: LookupFilter, sums: SiteSums | None) -> tuple[int, int]:
    if sums is not None:
        return sums.documents["kept"], sums.documents["bytes"]
    count, size = connection.execute(
        select(func.count(), func.coalesce(func.sum(document.c.bytes), 0))
        .select_from(document.join(decision, decision.c.id == document.c.decision_id))
        .where(_within(wanted), is_kept_now())
    ).one()
    return count, int(size)


def _reservations(connection: Connection, wanted: LookupFilter) -> Iterator[ReservationRow]:
    rows = connection.execute(
        select(*(reservation.c[name] for name in ReservationRow.__slots__))
        .where(_of_domain(reservation, wanted.host), reservation.c.id > wanted.after_reservation)
        .where(_at_or_below(wanted))
        .order_by(reservation.c.id)
        .limit(MAX_RESERVATIONS)
    )
    for row in rows:
        yield ReservationRow(**row._mapping)


def _omitted(connection: Connection, wanted: LookupFilter) -> Iterator[OmittedRow]:
    names = tuple(OmittedRow.__slots__)[:-1]
    total = func.sum(omitted.c.count).label("count")
    rows = connection.execute(
        select(*(omitted.c[name] for name in names), total)
        .where(_of_domain(omitted, wanted.host))
        .group_by(*(omitted.c[name] for name in names))
        .order_by(*(omitted.c[name] for name in names))
    )
    for row in rows:
        host = site_of(row.origin).host
        if host == wanted.host or (not wanted.is_prefix and host.endswith("." + wanted.host)):
            yield OmittedRow(**dict(row._mapping) | {"count": int(row._mapping["count"])})


def _of_domain(table: FromClause, host: str) -> ColumnElement[bool]:
    return table.c.domain == (registrable_domain(host) or host)


def _at_or_below(wanted: LookupFilter) -> ColumnElement[bool]:
    same = reservation.c.host == wanted.host
    below = reservation.c.host.endswith("." + wanted.host, autoescape=True)
    return same if wanted.is_prefix else same | below

"""A site in sums: what the tables of sums say, and what was decided since they were brought up to date."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, bindparam, func, select

from crawler.store.queries.folders import MARK, keys_of, site_alone
from crawler.store.queries.sums import Change, change, decided, latest, left_to_count
from crawler.store.schema import decision
from crawler.store.summary import site_decisions, site_documents, site_pages

Settling = tuple[str, str, str]
"""Stage, verdict and reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sites:
    """Hosts, or one folder, whose sums are asked for: a half-open range of `site`."""

    start: str
    end: str
    domain: str
    """The registrable domain they all lie under."""

    @property
    def is_folder(self) -> bool:
        """Whether it is one folder."""
        return self.start.startswith(MARK)

    @property
    def keys(self) -> tuple[str, str]:
        """The range of lookup keys."""
        return keys_of(self.start) if self.is_folder else (self.start, self.end)

    def places(self, lookup_key: str) -> tuple[str, ...]:
        """What a decision adds to, of these sums."""
        return (self.start,) if self.is_folder else site_alone(lookup_key)


def folder_sites(folder: str, domain: str) -> Sites:
    """One folder, without those below it, of which sums may be kept apart."""
    return Sites(start=folder, end=folder + "\x01", domain=domain)


@dataclass(slots=True, kw_only=True)
class Sum:
    """How many, and from when to when."""

    number: int
    first: datetime
    last: datetime


FEW = 2000
"""Sums over decisions of some hosts that are read as they are, once for all questions about these hosts."""


def _of(site: ColumnElement[str]) -> ColumnElement[bool]:
    return (site >= bindparam("start")) & (site < bindparam("end"))


# Made once: to make a statement takes longer than its answer.
_FEW = select(site_decisions).where(_of(site_decisions.c.site)).limit(FEW + 1)
_PAGES = (
    select(
        site_pages.c.verdict,
        site_pages.c.reason,
        func.sum(site_pages.c.pages).label("pages"),
        func.min(site_pages.c.first).label("first"),
        func.max(site_pages.c.last).label("last"),
    )
    .where(_of(site_pages.c.site))
    .group_by(site_pages.c.verdict, site_pages.c.reason)
)
_DOCUMENTS = select(
    *(func.coalesce(func.sum(site_documents.c[n]), 0).label(n) for n in ("kept", "bytes", "pages")),
    func.min(site_documents.c.first).label("first"),
    func.max(site_documents.c.last).label("last"),
    func.max(site_documents.c.withdrawn).label("withdrawn"),
).where(_of(site_documents.c.site))


class SiteSums:
    """Sums over the decisions about some hosts, as the whole record has them.

    One object may answer many questions within one transaction that only reads.
    """

    def __init__(self, connection: Connection, sites: Sites) -> None:
        self._connection = connection
        self._sites = sites
        self._range = {"start": sites.start, "end": sites.end}

    @cached_property
    def _since(self) -> Change:
        """What the tables do not have yet."""
        (upto, more), key = left_to_count(self._connection), decision.c.lookup_key
        if not more:
            return Change()
        start, end = self._sites.keys
        mine = (decision.c.domain == self._sites.domain, key >= start, key < end)
        rows = decided(self._connection, *mine, decision.c.id > upto)
        return change(self._connection, rows, upto, self._sites.places) if rows else Change()

    @cached_property
    def _few(self) -> Sequence[Any] | None:
        """The rows that hold the sums over decisions; None where they are too many."""
        rows = self._connection.execute(_FEW, self._range).all()
        return rows if len(rows) <= FEW else None

    def _decisions_by(self, *names: str) -> dict[Any, Sum]:
        c = site_decisions.c
        if self._few is None:
            return self._summed(site_decisions, c.decisions, *(c[name] for name in names))
        return _more({}, ((tuple(getattr(r, n) for n in names), r.decisions, r) for r in self._few))

    def settled(self) -> dict[Settling, Sum]:
        """Decisions by stage, verdict and reason."""
        found = self._decisions_by("stage", "verdict", "reason")
        return _more(found, ((k[1:4], v.decisions, v) for k, v in self._since.decisions.items()))

    def pages(self) -> dict[tuple[str, str], Sum]:
        """Pages by verdict and reason of the latest decision about each."""
        rows = self._connection.execute(_PAGES, self._range)
        found = {(r.verdict, r.reason): Sum(number=int(r.pages), first=r.first, last=r.last) for r in rows}
        found = _more(found, ((k[1:], v.pages, v) for k, v in self._since.pages.items()))
        return {key: value for key, value in found.items() if value.number > 0}

    def visits(self) -> dict[tuple[str, int], Sum]:
        """Decisions by stage and identity."""
        found = self._decisions_by("stage", "identity_id")
        return _more(found, (((k[1], k[4]), v.decisions, v) for k, v in self._since.decisions.items()))

    @cached_property
    def documents(self) -> Mapping[str, Any]:
        """`kept` and `bytes` now, `pages` of which a copy ever was; `first`, `last`, `withdrawn`."""
        row = self._connection.execute(_DOCUMENTS, self._range).one()
        found = {name: int(getattr(row, name)) for name in ("kept", "bytes", "pages")}
        more = list(self._since.documents.values())
        for each in more:
            for name in found:
                found[name] += getattr(each, name)
        first = min((m for m in (row.first, *(e.first for e in more)) if m is not None), default=None)
        return {
            **found,
            "first": first,
            "last": latest(row.last, *(e.last for e in more)),
            "withdrawn": latest(row.withdrawn, *(e.withdrawn for e in more)),
        }

    def hosts(self, limit: int) -> tuple[str, ...]:
        """Names of the hosts."""
        c = site_decisions.c
        rows: Iterable[str]
        if self._few is not None:
            rows = (row.host for row in self._few)
        else:
            names = select(c.host).where(self._mine(c.site)).distinct().order_by(c.host).limit(limit)
            rows = self._connection.scalars(names)
        found = {*rows, *(v.host for v in self._since.decisions.values())}
        return tuple(sorted(found)[:limit])

    def newest(self, verdict: str, reason: str) -> int | None:
        """The number of the newest decision that came out so."""
        c, way = site_decisions.c, (verdict, reason)
        known: Iterable[int | None]
        if self._few is not None:
            known = (row.last_id for row in self._few if (row.verdict, row.reason) == way)
        else:
            mine = (self._mine(c.site), c.verdict == verdict, c.reason == reason)
            known = (self._connection.scalar(select(func.max(c.last_id)).where(*mine)),)
        since = (v.last_id for k, v in self._since.decisions.items() if k[2:4] == way)
        return max((n for n in (*known, *since) if n is not None), default=None)

    def _mine(self, site: ColumnElement[str]) -> ColumnElement[bool]:
        return (site >= self._sites.start) & (site < self._sites.end)

    def _summed(
        self, table: FromClause, number: ColumnElement[int], *group: ColumnElement[Any]
    ) -> dict[Any, Sum]:
        rows = self._connection.execute(
            select(*group, func.sum(number), func.min(table.c.first), func.max(table.c.last))
            .where(self._mine(table.c.site))
            .group_by(*group)
        )
        return {tuple(key): Sum(number=int(n), first=first, last=last) for *key, n, first, last in rows}


def _more(found: dict[Any, Sum], since: Iterable[tuple[Any, int, Any]]) -> dict[Any, Sum]:
    for key, number, value in since:
        known = found.get(key)
        if known is None:
            found[key] = Sum(number=number, first=value.first, last=value.last)
        else:
            known.number += number
            known.first, known.last = min(known.first, value.first), max(known.last, value.last)
    return found

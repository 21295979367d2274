"""The rights files of a site through time: one row a version, from when to when it was seen."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import groupby
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    CompoundSelect,
    Connection,
    TextClause,
    bindparam,
    func,
    select,
    union_all,
)

from crawler.store.queries.decisions import Warc
from crawler.store.retention.marks import location_kinds
from crawler.store.schema import NOT_OF_A_PAGE, evidence, observation
from reservations.protocols import rsl

_MARKS = {"start": "", "port": ":", "end": ";"}
TOGETHER = 100
"""Ranges asked for in one statement."""
MAX_VERSIONS = 500
"""Observations looked through for one site, the newest ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileVersion:
    """A rights file as it was found the same, one time after another."""

    origin: str
    kind: str
    url: str
    outcome: str
    status: int | None
    sha256: str
    length: int
    first_seen: datetime
    last_seen: datetime
    times: int
    warc: Warc | None
    """Where the newest observation lies."""


def file_versions(connection: Connection, hosts: Iterable[str]) -> tuple[FileVersion, ...]:
    """Versions of the rights files of these hosts, by origin and kind, the oldest first."""
    known = origins(connection, hosts)
    if not known:
        return ()
    newest = (
        select(observation, evidence.c.length)
        .join(evidence, evidence.c.sha256 == observation.c.evidence_sha256)
        .where(*_is_rights_file(), observation.c.origin.in_(known))
        # Added to nothing, so that no database looks for these few rows by going back through all of them.
        .order_by((observation.c.id + 0).desc())
        .limit(MAX_VERSIONS)
    )
    rows = sorted(connection.execute(newest).all(), key=lambda r: (r.origin, r.kind, r.url, r.id))
    return tuple(_versions(rows))


@cache
def rights_files() -> frozenset[str]:
    """Kinds of files that a site publishes for everybody.

    What a page, image or book says itself, and the sentences of its terms, are for its owner.
    """
    return location_kinds() | {rsl.KIND}


def _is_rights_file() -> tuple[ColumnElement[bool] | TextClause, ...]:
    # The first part lets a database use the index of what is not of a page.
    return NOT_OF_A_PAGE, observation.c.kind.in_(sorted(rights_files()))


def file_requests(connection: Connection, hosts: Iterable[str]) -> int:
    """How often rights files of these hosts were asked for."""
    known = origins(connection, hosts)
    return (
        connection.scalar(
            select(func.count())
            .select_from(observation)
            .where(*_is_rights_file(), observation.c.origin.in_(known))
        )
        or 0
    )


def origins(connection: Connection, hosts: Iterable[str]) -> tuple[str, ...]:
    """Schemes, hosts and ports of these hosts of which a rights file was asked for.

    A range for each scheme and host, not an OR over them: SQLite would read the whole table for that,
    since it takes no partial index for the parts of an OR (https://sqlite.org/partialindex.html).
    """
    starts = [f"{scheme}://{host}" for host in hosts for scheme in ("http", "https")]
    found: list[str] = []
    for first in range(0, len(starts), TOGETHER):
        part = starts[first : first + TOGETHER]
        bounds = {f"{mark}{n}": start + _MARKS[mark] for n, start in enumerate(part) for mark in _MARKS}
        found += connection.scalars(_origins_of(len(part)), bounds)
    return tuple(found)


@cache
def _origins_of(number: int) -> CompoundSelect[Any]:
    """The statement for so many ranges, made once: making it takes longer than its answer."""
    origin = observation.c.origin
    parts = []
    for n in range(number):
        bounds: list[BindParameter[str]] = [bindparam(f"{mark}{n}") for mark in _MARKS]
        start, port, end = bounds
        own = (origin == start) | (origin > port)
        parts.append(select(origin).where(NOT_OF_A_PAGE, origin >= start, origin < end, own).distinct())
    return union_all(*parts)


def file_content(connection: Connection, sha256: str) -> bytes | None:
    """A rights file by its digest; None where there is none, also for what was taken out of a page.

    Rights files are public on the site they come from; a page's own signals belong to its owner.
    """
    if not re.fullmatch(r"[0-9a-f]{64}", sha256):
        return None
    known = connection.scalar(
        select(observation.c.id).where(*_is_rights_file(), observation.c.evidence_sha256 == sha256).limit(1)
    )
    if known is None:
        return None
    return connection.scalar(select(evidence.c.content).where(evidence.c.sha256 == sha256))


def _versions(rows: list[Any]) -> Iterator[FileVersion]:
    for _, run in groupby(
        rows, key=lambda r: (r.origin, r.kind, r.url, r.evidence_sha256, r.outcome, r.status)
    ):
        seen = list(run)
        newest = seen[-1]
        yield FileVersion(
            origin=newest.origin,
            kind=newest.kind,
            url=newest.url,
            outcome=newest.outcome,
            status=newest.status,
            sha256=newest.evidence_sha256,
            length=newest.length,
            first_seen=seen[0].fetched_at,
            last_seen=newest.fetched_at,
            times=len(seen),
            warc=Warc(file=newest.warc_file, offset=newest.warc_offset, length=newest.warc_length)
            if newest.warc_file
            else None,
        )

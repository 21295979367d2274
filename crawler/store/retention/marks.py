"""What decisions need of the evidence: one pass over the record into a file of its own, in bounded memory.

A decision names its observations in a list, and the same bytes may be behind any number of observations, so
no single row can tell whether it is still needed. Everything is marked first, and then what was not marked
for keeping is a candidate. The marks are in a temporary SQLite file: the record is only read.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Connection, Row, func, select

from crawler.retention.holds import About, Hold, held_by
from crawler.store.columns import iso
from crawler.store.places import site_of
from crawler.store.schema import decision, document, observation, reservation
from reservations.model import ROBOTS_TXT, Verdict
from reservations.protocols import discover

CHUNK = 1000
_MARKS = "SELECT id, fate, last FROM mark WHERE id IN (SELECT value FROM json_each(?))"
_HELD = "SELECT id, hold FROM held WHERE id IN (SELECT value FROM json_each(?))"
_PIECES = (
    "SELECT sha256, bytes, at, fate FROM piece WHERE rule = ? AND fate < 2 "
    "AND sha256 NOT IN (SELECT sha256 FROM standing) AND sha256 > ? ORDER BY sha256 LIMIT ?"
)
_FREE = (
    "SELECT sha256 FROM piece WHERE rule = ? AND fate = 0 AND sha256 NOT IN (SELECT sha256 FROM standing) "
    "AND sha256 IN (SELECT value FROM json_each(?)) ORDER BY sha256"
)


class Fate(IntEnum):
    """What may become of an observation; of two, the greater counts."""

    FREE = 0
    """Nothing that is kept needs it."""
    HELD = 1
    """Only a hold keeps it."""
    NEEDED = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What the decisions that rest on an observation say of it."""

    fate: Fate
    last: str
    """When the last of them fell, as text that sorts; empty where none rests on it."""
    held: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Bytes of evidence, as one observation has them."""

    sha256: str
    fate: Fate
    bytes: int
    at: str
    """When they were fetched, as text that sorts."""
    held: frozenset[int] = frozenset()


FREE = Mark(fate=Fate.FREE, last="", held=frozenset())


class Marks:
    """Marks of every observation that a decision rests on. Use as a context manager."""

    def __init__(self, connection: Connection, holds: Sequence[Hold]) -> None:
        self._holds = tuple(holds)
        self._folder = TemporaryDirectory(prefix="forbear-marks-")
        self._db = sqlite3.connect(Path(self._folder.name) / "marks.db")
        self._db.executescript(
            "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;"
            "CREATE TABLE mark (id INTEGER PRIMARY KEY, fate INTEGER, last TEXT);"
            "CREATE TABLE held (id INTEGER, hold INTEGER, PRIMARY KEY (id, hold)) WITHOUT ROWID;"
            "CREATE TABLE piece (rule TEXT, sha256 TEXT, fate INTEGER, bytes INTEGER, at TEXT,"
            " PRIMARY KEY (rule, sha256)) WITHOUT ROWID;"
            "CREATE TABLE piece_held (sha256 TEXT, hold INTEGER, PRIMARY KEY (sha256, hold)) WITHOUT ROWID;"
            "CREATE TABLE standing (sha256 TEXT PRIMARY KEY) WITHOUT ROWID;"
        )
        self._decisions(connection)
        self._in_force(connection)

    def __enter__(self) -> Marks:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Remove the marks."""
        self._db.close()
        self._folder.cleanup()

    def of(self, numbers: Iterable[int]) -> dict[int, Mark]:
        """The marks of observations; FREE for one that no decision rests on."""
        wanted = list(numbers)
        listed, held = (json.dumps(wanted),), dict[int, set[int]]()
        for number, hold in self._db.execute(_HELD, listed):
            held.setdefault(number, set()).add(hold)
        rows = self._db.execute(_MARKS, listed)
        found = {
            number: Mark(fate=Fate(fate), last=last, held=frozenset(held.get(number, ())))
            for number, fate, last in rows
        }
        return {number: found.get(number, FREE) for number in wanted}

    def add_pieces(self, rule: str, pieces: Iterable[Piece]) -> None:
        """Mark pieces of evidence; of one that is there several times the greatest fate counts."""
        for piece in pieces:
            self._db.execute(
                "INSERT INTO piece VALUES (?, ?, ?, ?, ?) ON CONFLICT (rule, sha256) DO UPDATE SET "
                "fate = max(fate, excluded.fate), at = max(at, excluded.at)",
                (rule, piece.sha256, piece.fate, piece.bytes, piece.at),
            )
            held = [(piece.sha256, hold) for hold in piece.held]
            self._db.executemany("INSERT OR IGNORE INTO piece_held VALUES (?, ?)", held)

    def pieces(self, rule: str) -> Iterator[list[Piece]]:
        """Pieces that a rule may remove unless they are held, by digest."""
        after = ""
        while True:
            rows = self._db.execute(_PIECES, (rule, after, CHUNK))
            found = [self._piece(*row) for row in rows.fetchall()]
            yield found
            if len(found) < CHUNK:
                return
            after = found[-1].sha256

    def free(self, rule: str, digests: Iterable[str]) -> list[str]:
        """Of these pieces those that a rule may remove and that nothing holds."""
        rows = self._db.execute(_FREE, (rule, json.dumps(list(digests))))
        return [row[0] for row in rows.fetchall()]

    def _piece(self, sha256: str, size: int, at: str, fate: int) -> Piece:
        held = self._piece_held(sha256) if fate else frozenset()
        return Piece(sha256=sha256, fate=Fate(fate), bytes=size, at=at, held=held)

    def _piece_held(self, sha256: str) -> frozenset[int]:
        return frozenset(
            row[0] for row in self._db.execute("SELECT hold FROM piece_held WHERE sha256 = ?", (sha256,))
        )

    def _decisions(self, connection: Connection) -> None:
        after = 0
        while True:
            rows = connection.execute(_decisions(after)).all()
            marks, held = [], []
            for row in rows:
                numbers = json.loads(row.observations)
                holds = held_by(self._holds, About(host=row.host, url=_page(row.url), crawl=row.crawl_id))
                fate = Fate.NEEDED if is_kept(row) else Fate.HELD if holds else Fate.FREE
                marks += [(number, fate, iso(row.decided_at)) for number in numbers]
                held += [(number, hold) for number in numbers for hold in holds]
            self._db.executemany(
                "INSERT INTO mark VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET "
                "fate = max(fate, excluded.fate), last = max(last, excluded.last)",
                marks,
            )
            self._db.executemany("INSERT OR IGNORE INTO held VALUES (?, ?)", held)
            if len(rows) < CHUNK:
                return
            after = rows[-1].id

    def _in_force(self, connection: Connection) -> None:
        """The newest version of each location file is what a crawl goes by, whatever rests on it."""
        table = observation.c
        newest = (
            select(func.max(table.id))
            .where(table.kind.in_(location_kinds()))
            .group_by(table.origin, table.kind, table.url)
        )
        for part in connection.scalars(newest).partitions(CHUNK):
            self._db.executemany(
                "INSERT INTO mark VALUES (?, 2, '') ON CONFLICT (id) DO UPDATE SET fate = 2",
                [(number,) for number in part],
            )
        # One stated in a page itself never ends by itself, and has its words in its own row.
        standing = (reservation.c.ended_at.is_(None), reservation.c.kind.in_(location_kinds()))
        files = select(reservation.c.evidence_sha256).where(*standing).distinct()
        for digests in connection.scalars(files).partitions(CHUNK):
            self._db.executemany("INSERT INTO standing VALUES (?)", [(digest,) for digest in digests])


def is_kept(row: Row[Any]) -> bool:
    """Whether a decision keeps a document now: one that was not withdrawn, or that another program stores."""
    return bool(row.verdict == Verdict.KEEP and row.withdrawn_at is None)


@cache
def location_kinds() -> frozenset[str]:
    """Kinds of evidence that are files of a site; every other kind was taken out of a page."""
    return frozenset({ROBOTS_TXT, *(place.kind for protocol in discover() for place in protocol.locations)})


def about_observation(row: Row[Any]) -> About:
    """What an observation is about by itself."""
    return About(host=site_of(row.url).host, url=_page(row.url), crawl=row.crawl_id)


def is_old(mark: Mark, fetched_at: datetime, before: datetime) -> bool:
    """Whether an observation and every decision that rests on it are older than a moment."""
    return fetched_at < before and mark.last < iso(before)


def _decisions(after: int) -> Any:
    names = ("id", "verdict", "host", "url", "crawl_id", "decided_at", "observations")
    return (
        select(*(decision.c[name] for name in names), document.c.withdrawn_at)
        .outerjoin(document, document.c.decision_id == decision.c.id)
        .where(decision.c.id > after)
        .order_by(decision.c.id)
        .limit(CHUNK)
    )


def _page(url: str) -> str:
    return url.partition("#")[0]

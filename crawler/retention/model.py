"""What a rule may remove, and what stands in the place of what was removed. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256


class Cause(StrEnum):
    """Why something was removed."""

    REQUEST = "request"
    """Somebody asked for it, or a court ordered it."""
    RETENTION = "retention"
    """Its time was over."""


class What(StrEnum):
    """What one thing that was removed was."""

    EVIDENCE = "evidence"
    """Bytes of evidence; `ref` is their SHA-256."""
    HEAD = "head"
    """Header lines and redirects of an answer; `ref` is the observation's number."""
    WARC = "warc"
    """A record in a WARC file; `sha256` is that of the body."""
    DECISION = "decision"
    """A decision's row and salt, or its salt alone; `ref` is the place of its entry in the log."""
    COMPLAINT = "complaint"
    """The personal data of a complaint; `ref` is its reference."""
    ROWS = "rows"
    """Rows that leave nothing behind; `sha256` is that of all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WarcSpan:
    """Where a record lies: path below the data folder."""

    file: str
    offset: int
    length: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing that was removed."""

    what: What
    sha256: str
    bytes: int
    ref: str | None = None
    place: WarcSpan | None = None

    @property
    def line(self) -> str:
        """How it stands in the list whose digest a redaction names."""
        place = f"{self.place.file} {self.place.offset} {self.place.length}" if self.place else "-"
        return f"{self.what} {self.sha256} {self.bytes} {self.ref or '-'} {place}\n"


def digest_of(items: Iterable[Item]) -> str:
    """SHA-256 over the list of what was removed, in hexadecimal."""
    running = sha256()
    for item in items:
        running.update(item.line.encode("utf-8", "surrogatepass"))
    return running.hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Redaction:
    """What stands in the place of what was removed."""

    id: int
    cause: Cause
    kind: str
    """`url`, `evidence`, `complaint`, or the name of a retention rule."""
    actor: str
    reason: str
    removed_at: datetime
    host: str | None
    url_hash: int | None
    subject: str | None
    rows: int
    bytes: int
    digest: str
    position: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Who removes what, when and why."""

    cause: Cause
    kind: str
    actor: str
    reason: str
    when: datetime
    host: str | None = None
    url_hash: int | None = None
    subject: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What a step took out of the record."""

    items: tuple[Item, ...]
    rows: int
    erased: tuple[int, ...] = ()
    """Entries of the log that nothing opens any more."""

    @property
    def bytes(self) -> int:
        """How much it was."""
        return sum(item.bytes for item in self.items)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A row whose time is over."""

    key: int | str
    bytes: int
    at: datetime
    held: frozenset[int]
    """Holds that keep it all the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What a rule would remove now."""

    rule: str
    days: int
    """0: kept for ever."""
    rows: int = 0
    bytes: int = 0
    oldest: datetime | None = None
    newest: datetime | None = None
    spared: tuple[tuple[int, int], ...] = ()
    """Holds, each with the number of rows it spares."""


def survey(rule: str, days: int, pages: Iterable[Sequence[Candidate]]) -> Survey:
    """Count candidates, in memory that does not grow with them."""
    rows = size = 0
    oldest: datetime | None = None
    newest: datetime | None = None
    spared: dict[int, int] = {}
    for page in pages:
        for candidate in page:
            for hold in candidate.held:
                spared[hold] = spared.get(hold, 0) + 1
            if candidate.held:
                continue
            rows, size = rows + 1, size + candidate.bytes
            oldest = candidate.at if oldest is None else min(oldest, candidate.at)
            newest = candidate.at if newest is None else max(newest, candidate.at)
    return Survey(
        rule=rule,
        days=days,
        rows=rows,
        bytes=size,
        oldest=oldest,
        newest=newest,
        spared=tuple(sorted(spared.items())),
    )

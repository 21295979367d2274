"""A snapshot: the lists in force at one time, each with the digest of the bytes it was read from.

Written as JSON Lines: a header, then for each list a line about it and its entries in the order of
their ids. The same lists give the same bytes, and `set_id` names what a crawl decided by.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from blocklists.codec import EntryError, dumps, from_json, loads
from blocklists.index import Index
from blocklists.model import Entry
from blocklists.policy import ListPolicy

FORMAT = "forbear-blocklist-snapshot"
VERSION = 1
FEW = 20
"""New names that raise no alarm, however short the list was."""
_NOT_DECIDING = ("retrieved_at", "known_from", "known_to")


class SnapshotError(ValueError):
    """Bytes that are no snapshot, or not the one they say they are. Carries the line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One list as it was read."""

    name: str
    """The name of the source, as in `blocklist.<source>`."""
    format: str
    """The importer that read it."""
    sha256: str
    """Of the raw bytes."""
    retrieved_at: datetime
    entries: tuple[Entry, ...] = field(repr=False)
    rejected: int = 0
    """How many lines were not imported."""
    url: str = ""

    @classmethod
    def of(
        cls,
        data: bytes,
        *,
        name: str,
        format: str,  # noqa: A002 - the command's flag is called so
        retrieved_at: datetime,
        entries: tuple[Entry, ...],
        rejected: int = 0,
        url: str = "",
    ) -> Listing:
        """A list with its entries in the order of their ids."""
        return cls(
            name=name,
            format=format,
            sha256=hashlib.sha256(data).hexdigest(),
            retrieved_at=retrieved_at.astimezone(UTC),
            entries=tuple(sorted(entries, key=lambda entry: entry.entry_id)),
            rejected=rejected,
            url=url,
        )

    def digest(self) -> str:
        """SHA-256 over what the list decides: its raw digest and its entries, not when we learned them."""
        total = hashlib.sha256(f"{self.name}\n{self.sha256}\n".encode())
        for entry in self.entries:
            total.update(dumps(entry, without=_NOT_DECIDING).encode() + b"\n")
        return total.hexdigest()


@dataclass(frozen=True)
class Snapshot:
    """Lists in the order of their names, one for each source."""

    listings: tuple[Listing, ...] = ()

    def __post_init__(self) -> None:
        """Put the lists in order; a source given twice is an error of the caller."""
        ordered = tuple(sorted(self.listings, key=lambda listing: listing.name))
        if len({listing.name for listing in ordered}) != len(ordered):
            raise SnapshotError("a snapshot holds each source once")
        object.__setattr__(self, "listings", ordered)

    @cached_property
    def set_id(self) -> str:
        """SHA-256 of the set: equal for equal lists, whenever they were fetched."""
        lines = "".join(f"{listing.digest()}\n" for listing in self.listings)
        return hashlib.sha256(lines.encode()).hexdigest()

    def entries(self) -> Iterator[Entry]:
        """All entries of all lists."""
        for listing in self.listings:
            yield from listing.entries

    def index(self, policy: ListPolicy | None = None) -> Index:
        """The index to look hosts up in; its hits name the digest of the list they come from."""
        digests = {listing.name: listing.sha256 for listing in self.listings}
        return Index(self.entries(), digests=digests, policy=policy)

    def with_listing(self, listing: Listing) -> Snapshot:
        """This snapshot with a list put in, in the place of an earlier one of the same source."""
        others = tuple(each for each in self.listings if each.name != listing.name)
        return Snapshot((*others, listing))

    def serialise(self) -> bytes:
        """The snapshot as JSON Lines."""
        return b"".join(line.encode() + b"\n" for line in self._lines())

    def _lines(self) -> Iterator[str]:
        head = {"format": FORMAT, "version": VERSION, "set_id": self.set_id, "lists": len(self.listings)}
        yield _line(head)
        for listing in self.listings:
            yield _line(
                {
                    "list": listing.name,
                    "format": listing.format,
                    "sha256": listing.sha256,
                    "retrieved_at": listing.retrieved_at.isoformat().replace("+00:00", "Z"),
                    "entries": len(listing.entries),
                    "rejected": listing.rejected,
                    "url": listing.url,
                }
            )
            yield from map(dumps, listing.entries)


def parse(data: bytes) -> Snapshot:
    """Read a snapshot back; SnapshotError where it is damaged or its set id does not hold."""
    numbered = enumerate(data.decode("utf-8", "replace").split("\n"), 1)
    header = _object(numbered)
    if header.get("format") != FORMAT or header.get("version") != VERSION:
        raise SnapshotError(f"line 1: not a {FORMAT} of version {VERSION}")
    count = header.get("lists")
    if not isinstance(count, int):
        raise SnapshotError("line 1: it does not say how many lists follow")
    snapshot = Snapshot(tuple(_listing(numbered) for _ in range(count)))
    if any(line for _, line in numbered):
        raise SnapshotError("lines follow the last list")
    if snapshot.set_id != header.get("set_id"):
        raise SnapshotError("the lists are not those the set id names")
    return snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a new version of a list does to the one before."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    alarm: str
    """Why a person should look before it is taken; empty if nobody need."""


def compare(before: Listing, after: Listing, *, limit: float = 0.3) -> Change:
    """Names added and removed, of those the lists name now; what was closed earlier is left aside.

    A list that loses or gains more than the share `limit` of its names raises the alarm, and so does
    one that holds nothing any more. A handful of new names never does.
    """
    old, new = ({e.value for e in listing.entries if e.known_to is None} for listing in (before, after))
    added, removed = new - old, old - new
    alarm = ""
    if len(removed) > limit * len(old) or len(added) > max(limit * len(old), FEW):
        alarm = f"{after.name} went from {len(old)} names to {len(new)}"
        if abs(len(new) - len(old)) <= limit * len(old):
            alarm += f" ({len(removed)} gone, {len(added)} new)"
    elif not new:
        alarm = f"{after.name} holds no name"
    return Change(added=tuple(sorted(added)), removed=tuple(sorted(removed)), alarm=alarm)


def _line(value: dict[str, object]) -> str:
    return json.dumps(value, separators=(",", ":"))


def _object(numbered: Iterator[tuple[int, str]]) -> dict[str, Any]:
    number, line = next(numbered, (0, ""))
    try:
        return loads(line)
    except EntryError as error:
        raise SnapshotError(f"line {number}: {error}") from error


def _listing(numbered: Iterator[tuple[int, str]]) -> Listing:
    head = _object(numbered)
    try:
        entries = tuple(from_json(_object(numbered)) for _ in range(int(head["entries"])))
        return Listing(
            name=str(head["list"]),
            format=str(head["format"]),
            sha256=str(head["sha256"]),
            retrieved_at=datetime.fromisoformat(head["retrieved_at"]),
            entries=entries,
            rejected=int(head["rejected"]),
            url=str(head["url"]),
        )
    except SnapshotError:
        raise
    except (KeyError, TypeError, ValueError) as error:
        raise SnapshotError(f"a list is damaged: {error}") from error

"""A new version of a list put in the place of the one before, without forgetting anything.

What the new version no longer names is closed, not deleted: the entry gets another status, with the
day and the reason, and it keeps the moment we first learned of it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from blocklists.model import Entry, Status, StatusChange
from blocklists.snapshot import Listing

COUNTING = frozenset({Status.ACTIVE, Status.TERM_UNKNOWN})


def first_known(listing: Listing) -> Listing:
    """A list nobody knew before: all its entries were learned when it was fetched."""
    entries = tuple(_learned(entry, listing.retrieved_at) for entry in listing.entries)
    return replace(listing, entries=entries)


def succeed(before: Listing | None, after: Listing) -> Listing:
    """`after` with what we knew already, and with what it dropped closed."""
    if before is None:
        return first_known(after)
    old = {entry.entry_id: entry for entry in before.entries}
    kept = [_continued(old.get(entry.entry_id), entry, after.retrieved_at) for entry in after.entries]
    named = {entry.entry_id for entry in after.entries}
    gone = [_closed(entry, after) for entry in before.entries if entry.entry_id not in named]
    entries = sorted((*kept, *gone), key=lambda entry: entry.entry_id)
    return replace(after, entries=tuple(entries))


def named(listing: Listing) -> tuple[Entry, ...]:
    """The entries the list itself names now, without those it dropped earlier."""
    return tuple(entry for entry in listing.entries if entry.known_to is None)


def confirmed(listing: Listing, when: datetime) -> Listing:
    """The same list, seen unchanged at a later time: it is as old as that look."""
    return replace(listing, retrieved_at=when.astimezone(UTC))


def _learned(entry: Entry, when: datetime) -> Entry:
    return entry if entry.known_from else replace(entry, known_from=when)


def _continued(old: Entry | None, new: Entry, when: datetime) -> Entry:
    if old is None:
        return _learned(new, when)
    learned = replace(new, known_from=old.known_from or new.known_from or when, known_to=None)
    if new.history or old.status is new.status:
        return replace(learned, history=new.history or _same(old, new))
    step = StatusChange(
        status=new.status,
        on=when.date(),
        known_at=when,
        reason="named again by the list" if old.known_to else "the list gives another status",
    )
    return replace(learned, history=(*_begun(old), step))


def _same(old: Entry, new: Entry) -> tuple[StatusChange, ...]:
    return old.history if old.history and old.history[-1].status is new.status else ()


def _closed(entry: Entry, after: Listing) -> Entry:
    if entry.known_to is not None:
        return entry
    when = after.retrieved_at
    if entry.status not in COUNTING:
        return replace(entry, known_to=when)
    step = StatusChange(
        status=Status.DELISTED,
        on=when.date(),
        known_at=when,
        reason="the list no longer names it",
        evidence=after.sha256,
    )
    return replace(entry, status=Status.DELISTED, history=(*_begun(entry), step), known_to=when)


def _begun(entry: Entry) -> tuple[StatusChange, ...]:
    """The history so far; a status that never changed becomes its first step."""
    if entry.history:
        return entry.history
    start = entry.valid_from or entry.decided_on
    return (StatusChange(status=entry.status, on=start, known_at=entry.known_from),)

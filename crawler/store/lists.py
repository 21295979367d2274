"""Record which lists a crawl decides by, which entries it met, and what is withdrawn for them.

A row of `blocklist_snapshot` is a list as it was received, or, with a source `set:<crawl>.<number>`, the
whole set a crawl decided by from then on: its digest is the set's id, its address the file it is kept
in, with the time at which the oldest of its lists was last confirmed.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select

from blocklists.codec import dumps
from blocklists.model import OVERRIDES, Entry
from blocklists.snapshot import FORMAT, Listing, Snapshot
from crawler.store.columns import iso
from crawler.store.queries.lists import SET
from crawler.store.schema import blocklist_entry, blocklist_snapshot, crawl


def record_set(connection: Connection, snapshot: Snapshot, crawl_id: int, now: datetime, file: str) -> None:
    """Record that a crawl decides by these lists from now on."""
    for listing in snapshot.listings:
        _listing(connection, listing)
    table = blocklist_snapshot
    mine = table.c.source.startswith(f"{SET}:{crawl_id}.")
    number = connection.scalar(select(func.count()).select_from(table).where(mine)) or 0
    oldest = [each.retrieved_at for each in snapshot.listings if each.name != OVERRIDES]
    connection.execute(
        insert(table),
        {
            "source": f"{SET}:{crawl_id}.{number}",
            "format": FORMAT,
            "sha256": snapshot.set_id,
            "url": f"{file}?oldest={iso(min(oldest))}" if oldest else file,
            "retrieved_at": now,
            "entries": sum(len(each.entries) for each in snapshot.listings),
            "rejected": sum(each.rejected for each in snapshot.listings),
        },
    )


def record_entry(connection: Connection, listing: Listing, entry: Entry) -> None:
    """Record an entry that a crawl met, once for each version of its list."""
    table, snapshot_id = blocklist_entry, _listing(connection, listing)
    same = (table.c.snapshot_id == snapshot_id, table.c.entry_id == entry.entry_id)
    if connection.scalar(select(table.c.id).where(*same).limit(1)) is not None:
        return
    row: dict[str, Any] = {
        name: getattr(entry, name)
        for name in ("entry_id", "value", "legal_ground", "jurisdiction", "body", "decision_ref")
    }
    row |= {name: getattr(entry, name) for name in ("decided_on", "valid_from", "valid_to")}
    row |= {"snapshot_id": snapshot_id, "scope": entry.scope.value, "status": entry.status.value}
    connection.execute(insert(table), {**row, "record": dumps(entry)})


def last_set(connection: Connection, before: int) -> str | None:
    """The set that the crawls before this one decided by last; None if there was none."""
    table = blocklist_snapshot
    row = connection.scalar(
        select(table.c.sha256)
        .where(table.c.source.startswith(f"{SET}:"), ~table.c.source.startswith(f"{SET}:{before}."))
        .order_by(table.c.id.desc())
        .limit(1)
    )
    if row is not None:
        return str(row)
    return connection.scalar(
        select(crawl.c.blocklist_set).where(crawl.c.id < before).order_by(crawl.c.id.desc()).limit(1)
    )


def _listing(connection: Connection, listing: Listing) -> int:
    table = blocklist_snapshot
    same = (table.c.source == listing.name, table.c.sha256 == listing.sha256)
    known = connection.scalar(select(table.c.id).where(*same))
    if known is None:
        row = {
            "source": listing.name,
            "format": listing.format,
            "sha256": listing.sha256,
            "url": listing.url,
            "retrieved_at": listing.retrieved_at,
            "entries": len(listing.entries),
            "rejected": listing.rejected,
        }
        known = connection.execute(insert(table).returning(table.c.id), row).scalar_one()
    return int(known)

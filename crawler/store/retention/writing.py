"""Writing down holds and redactions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from crawler.retention.holds import HoldKind
from crawler.retention.model import Item, Order, Redaction, Taken, What, digest_of
from crawler.store.public import audit
from crawler.store.retention.tables import hold, redaction, removed

CHUNK = 500


def place_hold(
    connection: Connection, kind: HoldKind, subject: str, reason: str, actor: str, when: datetime
) -> int:
    """Write a hold down; its number."""
    values = {
        "kind": kind.value,
        "subject": subject,
        "reason": reason,
        "placed_by": actor,
        "placed_at": when,
    }
    number = connection.execute(insert(hold).returning(hold.c.id), values).scalar_one()
    audit(connection, when, actor, "store hold", f"{number}: {kind} {subject}: {reason}")
    return int(number)


def release_hold(connection: Connection, number: int, reason: str, actor: str, when: datetime) -> bool:
    """End a hold; False where none of that number is in force. The row stays."""
    values = {"released_by": actor, "released_at": when, "release_reason": reason}
    statement = update(hold).where(hold.c.id == number, hold.c.released_at.is_(None))
    if not connection.execute(statement.values(values)).rowcount:
        return False
    row = connection.execute(select(hold.c.kind, hold.c.subject).where(hold.c.id == number)).one()
    audit(connection, when, actor, "store release", f"{number}: {row.kind} {row.subject}: {reason}")
    return True


def add_redaction(connection: Connection, order: Order, taken: Taken, position: int) -> Redaction:
    """Put a redaction in the place of what was taken, under the place of its entry in the log."""
    values = {
        **{name: value for name, value in asdict(order).items() if name != "when"},
        "cause": order.cause.value,
        "removed_at": order.when,
        "rows": taken.rows,
        "bytes": taken.bytes,
        "digest": digest_of(taken.items),
        "position": position,
    }
    number = int(connection.execute(insert(redaction).returning(redaction.c.id), values).scalar_one())
    rows = [_row(number, item, order.when) for item in taken.items]
    for start in range(0, len(rows), CHUNK):
        connection.execute(insert(removed), rows[start : start + CHUNK])
    subject = order.subject or order.host or order.kind
    audit(
        connection,
        order.when,
        order.actor,
        "store redact" if order.cause == "request" else "store prune",
        f"{number}: {order.kind} {subject}, {taken.rows} rows: {order.reason}",
    )
    return Redaction(**{**values, "cause": order.cause, "id": number})


def mark_done(connection: Connection, numbers: Sequence[int], when: datetime) -> None:
    """These are gone from their files too."""
    connection.execute(update(removed).where(removed.c.id.in_(list(numbers))).values(done_at=when))


def _row(number: int, item: Item, when: datetime) -> dict[str, object]:
    place = item.place
    return {
        "redaction_id": number,
        "what": item.what.value,
        "ref": item.ref,
        "sha256": item.sha256,
        "bytes": item.bytes,
        "warc_file": place.file if place else None,
        "warc_offset": place.offset if place else None,
        "warc_length": place.length if place else None,
        # What lies in a file is overwritten after this is durable, so that a death between loses nothing.
        "done_at": None if item.what is What.WARC else when,
    }

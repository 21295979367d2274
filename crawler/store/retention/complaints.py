"""Taking the personal data out of complaints: that there was one, about which site and when, remains."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from sqlalchemy import Connection, select, update

from crawler.retention.model import Item, Taken, What
from crawler.store.codec import to_json
from crawler.store.desk import complaint, complaint_event
from crawler.store.metadata import metadata

PERSONAL = ("name", "contact", "content", "subjects", "role")


def empty_complaints(connection: Connection, numbers: Sequence[int]) -> Taken:
    """Take names, addresses and every text out of complaints, by their numbers."""
    items = []
    for number in numbers:
        row = connection.execute(select(complaint).where(complaint.c.id == number)).one()
        events = connection.scalars(
            select(complaint_event.c.content)
            .where(complaint_event.c.complaint_id == number)
            .order_by(complaint_event.c.id)
        ).all()
        text = to_json([*(getattr(row, name) for name in PERSONAL), *events]).encode()
        items.append(
            Item(what=What.COMPLAINT, sha256=sha256(text).hexdigest(), bytes=len(text), ref=row.reference)
        )
        mine = complaint.c.id == number
        connection.execute(update(complaint).where(mine).values(dict.fromkeys(PERSONAL, "")))
        of_it = complaint_event.c.complaint_id == number
        connection.execute(update(complaint_event).where(of_it).values(content=""))
    return Taken(items=tuple(items), rows=len(items))


def mail_files(connection: Connection, numbers: Sequence[int]) -> tuple[str, ...]:
    """The mails that were written about complaints, by their names in the outbox."""
    mail_out = metadata.tables.get("mail_out")
    if mail_out is None:
        return ()
    mine = mail_out.c.complaint_id.in_(list(numbers))
    return tuple(connection.scalars(select(mail_out.c.file).where(mine).order_by(mail_out.c.id)))

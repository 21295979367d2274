"""Taking rows out of the record: what may stay without its content is emptied, what may not is deleted.

Every function runs in its caller's transaction, which also writes the redaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, delete, func, select, update

from crawler.frontier.schema import State
from crawler.frontier.schema import url as frontier_url
from crawler.retention.model import Item, WarcSpan, What
from crawler.store.codec import to_json
from crawler.store.log import take_away
from crawler.store.metadata import metadata
from crawler.store.schema import decision, document, evidence, log_entry, observation, reservation

CHUNK = 500
PARTS = ("url", "origin", "fields", "redirects", "details", "why")
EMPTY = {"fields": "[]", "redirects": "[]", "details": "[]"}
EVIDENCE_FILES = "evidence/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """An entry of the log with the decision it opens to."""

    position: int
    decision_id: int
    leaf_hash: bytes


def empty_evidence(connection: Connection, digests: Sequence[str]) -> tuple[Item, ...]:
    """Take the bytes out of pieces of evidence; digest and length stay, on which commitments rest."""
    table, items = evidence.c, []
    for start in range(0, len(digests), CHUNK):
        some = table.sha256.in_(digests[start : start + CHUNK])
        full = (some, func.length(table.content) > 0)
        rows = connection.execute(select(table.sha256, table.length).where(*full).order_by(table.sha256))
        items += [
            Item(what=What.EVIDENCE, sha256=row.sha256, ref=row.sha256, bytes=row.length) for row in rows
        ]
        connection.execute(update(evidence).where(some).values(content=b""))
    return tuple(items)


def evidence_places(connection: Connection, digests: Sequence[str]) -> tuple[Item, ...]:
    """The records of location files with these bytes, which lie in WARC files of their own."""
    table, items = observation.c, {}
    for start in range(0, len(digests), CHUNK):
        rows = connection.execute(
            select(table.evidence_sha256, table.warc_file, table.warc_offset, table.warc_length)
            .where(table.evidence_sha256.in_(digests[start : start + CHUNK]))
            .where(table.warc_file.startswith(EVIDENCE_FILES, autoescape=True))
            .order_by(table.id)
        )
        for row in rows:
            place = WarcSpan(file=row.warc_file, offset=row.warc_offset, length=row.warc_length)
            items[place] = Item(
                what=What.WARC, sha256=row.evidence_sha256, bytes=row.warc_length, place=place
            )
    return tuple(items.values())


def empty_heads(connection: Connection, numbers: Sequence[int], *, addresses: bool) -> tuple[Item, ...]:
    """Take header lines and redirects out of observations, with `addresses` their URLs too."""
    items = []
    for start in range(0, len(numbers), CHUNK):
        some = observation.c.id.in_(numbers[start : start + CHUNK])
        for row in connection.execute(select(observation).where(some).order_by(observation.c.id)):
            text = to_json([getattr(row, name) for name in PARTS]).encode()
            items.append(
                Item(what=What.HEAD, sha256=sha256(text).hexdigest(), ref=str(row.id), bytes=len(text))
            )
        values = EMPTY | ({"url": "", "origin": "", "why": ""} if addresses else {})
        connection.execute(update(observation).where(some).values(values))
    return tuple(items)


def erase_salts(connection: Connection, decisions: Sequence[int]) -> tuple[Item, ...]:
    """Take away what opens the commitments to these decisions; their rows stay, and prove nothing now."""
    items = []
    for entry in logged(connection, decisions):
        item = log_entry.c.position == entry.position
        connection.execute(update(log_entry).where(item).values(salt=None))
        items.append(_erased(entry, 0))
    return tuple(items)


def erase_decisions(connection: Connection, decisions: Sequence[int]) -> tuple[Item, ...]:
    """Delete decisions with what is tied to them, and what opens the commitments to them."""
    sizes = select(decision.c.id, func.length(decision.c.reasons) + func.length(decision.c.url))
    of = {row[0]: row[1] for row in connection.execute(sizes.where(decision.c.id.in_(decisions)))}
    entries = {entry.decision_id: entry for entry in logged(connection, decisions)}
    items = [_erased(entries[number], of.get(number, 0)) for number in decisions if number in entries]
    for number in decisions:
        _untie(connection, number)
        take_away(connection, number)
    return tuple(items)


def logged(connection: Connection, decisions: Sequence[int]) -> Iterator[Logged]:
    """The entries of decisions that can still be opened, by their places."""
    for start in range(0, len(decisions), CHUNK):
        rows = connection.execute(
            select(log_entry.c.position, log_entry.c.decision_id, log_entry.c.leaf_hash)
            .where(log_entry.c.decision_id.in_(decisions[start : start + CHUNK]))
            .where(log_entry.c.salt.is_not(None))
            .order_by(log_entry.c.position)
        ).all()
        for row in rows:
            yield Logged(position=row.position, decision_id=row.decision_id, leaf_hash=row.leaf_hash)


def document_places(connection: Connection, decisions: Sequence[int]) -> tuple[Item, ...]:
    """The records of the documents that these decisions kept."""
    table = document.c
    rows = connection.execute(
        select(table.body_sha256, table.warc_file, table.warc_offset, table.warc_length)
        .where(table.decision_id.in_(decisions))
        .order_by(table.decision_id)
    )
    return tuple(map(_document, rows))


def forget_address(connection: Connection, url: str, key: int, origin: str) -> None:
    """Take a URL out of the queue, where only its hash stays so that it is not asked for again, and out of
    the reservations that were first met there."""
    mine = (frontier_url.c.key == key) & (frontier_url.c.url == url)
    connection.execute(update(frontier_url).where(mine).values(url="", via=None, state=State.DONE.value))
    connection.execute(update(frontier_url).where(frontier_url.c.via == url).values(via=None))
    connection.execute(update(reservation).where(reservation.c.url == url).values(url=origin + "/"))


def positions(items: Iterable[Item]) -> tuple[int, ...]:
    """The entries of the log that nothing opens any more after these removals, in order."""
    return tuple(sorted(int(i.ref) for i in items if i.what is What.DECISION and i.ref is not None))


def _erased(entry: Logged, size: int) -> Item:
    return Item(what=What.DECISION, sha256=entry.leaf_hash.hex(), ref=str(entry.position), bytes=size)


def _document(row: Any) -> Item:
    place = WarcSpan(file=row.warc_file, offset=row.warc_offset, length=row.warc_length)
    return Item(what=What.WARC, sha256=row.body_sha256, bytes=row.warc_length, place=place)


def _untie(connection: Connection, number: int) -> None:
    """Rows of other tables that name a decision go with it; one that can do without, forgets it."""
    for table in reversed(metadata.sorted_tables):
        if table in (document, log_entry):
            continue  # taken out together with the decision
        for key in table.foreign_keys:
            if key.column is decision.c.id:
                mine = key.parent == number
                if key.parent.nullable and not key.parent.primary_key:
                    connection.execute(update(table).where(mine).values({key.parent.name: None}))
                else:
                    connection.execute(delete(table).where(mine))

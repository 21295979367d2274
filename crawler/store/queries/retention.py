"""What is held, what was removed, and what of it still lies in a file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Select, func, select

from crawler.retention.holds import Hold, HoldKind
from crawler.retention.model import Cause, Item, Redaction, WarcSpan, What
from crawler.store.places import url_hash
from crawler.store.retention.tables import hold, redaction, removed
from crawler.store.schema import decision, evidence, observation

CHUNK = 500
MAX_SHOWN = 200
"""Redactions in one answer about a host, the newest ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A record in a file that is to be overwritten."""

    id: int
    redaction: int
    place: WarcSpan
    sha256: str


def holds(connection: Connection, *, released: bool = False) -> tuple[Hold, ...]:
    """Holds in force by number; with `released` those that ended too."""
    statement = select(hold).order_by(hold.c.id)
    if not released:
        statement = statement.where(hold.c.released_at.is_(None))
    rows = connection.execute(statement)
    return tuple(Hold(**{**row._mapping, "kind": HoldKind(row.kind)}) for row in rows)


def last_redaction(connection: Connection) -> int:
    """The number of the last removal, on request or by a rule; 0 where nothing was ever removed."""
    return connection.scalar(select(func.max(redaction.c.id))) or 0


def redactions_of_url(connection: Connection, url: str) -> tuple[Redaction, ...]:
    """Removals of a page, the newest first; the record knows its address as a hash only."""
    mine = redaction.c.url_hash == url_hash(url)
    return _redactions(connection, select(redaction).where(mine))


def redactions_of_host(connection: Connection, host: str, *, below: bool = True) -> tuple[Redaction, ...]:
    """Removals of pages of a host, with `below` also of what lies below it; the newest first."""
    if not host:
        return ()
    mine = redaction.c.host == host
    if below:
        mine |= redaction.c.host.endswith("." + host, autoescape=True)
    return _redactions(connection, select(redaction).where(mine))


def redaction_at(connection: Connection, position: int) -> Redaction | None:
    """The redaction whose entry has this place in the log."""
    return next(
        iter(_redactions(connection, select(redaction).where(redaction.c.position == position))), None
    )


def redaction_numbered(connection: Connection, number: int) -> Redaction:
    """The redaction of a number. Raises LookupError."""
    found = _redactions(connection, select(redaction).where(redaction.c.id == number))
    if not found:
        raise LookupError(f"no redaction {number}")
    return found[0]


def redaction_of(connection: Connection, what: What, ref: str) -> Redaction | None:
    """The newest redaction that took this away."""
    numbers = select(removed.c.redaction_id).where(removed.c.what == what.value, removed.c.ref == ref)
    return next(iter(_redactions(connection, select(redaction).where(redaction.c.id.in_(numbers)))), None)


def all_redactions(connection: Connection) -> Iterator[Redaction]:
    """Every redaction, the oldest first, in bounded memory."""
    after = 0
    while True:
        page = select(redaction).where(redaction.c.id > after).order_by(redaction.c.id).limit(CHUNK)
        rows = connection.execute(page).all()
        yield from map(_redaction, rows)
        if len(rows) < CHUNK:
            return
        after = rows[-1].id


def items_of(connection: Connection, number: int) -> Iterator[tuple[Item, bool]]:
    """What a redaction took away, in its order, and whether it is gone from its file too."""
    after = 0
    while True:
        rows = connection.execute(
            select(removed)
            .where(removed.c.redaction_id == number, removed.c.id > after)
            .order_by(removed.c.id)
            .limit(CHUNK)
        ).all()
        for row in rows:
            yield _item(row), row.done_at is not None
        if len(rows) < CHUNK:
            return
        after = rows[-1].id


def removed_evidence(connection: Connection, digests: Iterable[str]) -> dict[str, Redaction]:
    """Of these pieces of evidence those whose bytes are not there any more, and why.

    A piece that was met again after its removal is there again.
    """
    wanted = list(dict.fromkeys(digests))
    found: dict[str, Redaction] = {}
    for start in range(0, len(wanted), CHUNK):
        gone = (
            select(evidence.c.sha256)
            .where(evidence.c.sha256.in_(wanted[start : start + CHUNK]))
            .where(evidence.c.length > 0, func.length(evidence.c.content) == 0)
        )
        pairs = (
            select(removed.c.ref, func.max(removed.c.redaction_id).label("number"))
            .where(removed.c.what == What.EVIDENCE.value, removed.c.ref.in_(gone))
            .group_by(removed.c.ref)
        )
        numbers = {row.ref: row.number for row in connection.execute(pairs)}
        if numbers:
            of = select(redaction).where(redaction.c.id.in_(set(numbers.values())))
            made = {row.id: _redaction(row) for row in connection.execute(of)}
            found |= {digest: made[number] for digest, number in numbers.items()}
    return found


def removed_from(connection: Connection, decision_id: int) -> Redaction | None:
    """The removal that took away something a decision rests on; None where all of it is there."""
    text = connection.scalar(select(decision.c.observations).where(decision.c.id == decision_id))
    rows = connection.execute(
        select(observation.c.id, observation.c.evidence_sha256, observation.c.fields)
        .where(observation.c.id.in_(json.loads(text or "[]")))
        .order_by(observation.c.id)
    ).all()
    gone = removed_evidence(connection, (row.evidence_sha256 for row in rows))
    if gone:
        return next(iter(gone.values()))
    heads = (redaction_of(connection, What.HEAD, str(row.id)) for row in rows if row.fields == "[]")
    return next((made for made in heads if made is not None), None)


def pending(connection: Connection, limit: int = CHUNK) -> tuple[Pending, ...]:
    """Records in files that are still to be overwritten, the oldest first."""
    rows = connection.execute(
        select(removed).where(removed.c.done_at.is_(None)).order_by(removed.c.id).limit(limit)
    )
    return tuple(
        Pending(
            id=row.id,
            redaction=row.redaction_id,
            place=WarcSpan(file=row.warc_file, offset=row.warc_offset, length=row.warc_length),
            sha256=row.sha256,
        )
        for row in rows
    )


def is_removed(connection: Connection, place: WarcSpan) -> bool:
    """Whether the record at a place was removed, or is about to be."""
    same = (removed.c.warc_file == place.file) & (removed.c.warc_offset == place.offset)
    return connection.scalar(select(removed.c.id).where(same).limit(1)) is not None


def _redactions(connection: Connection, statement: Select[Any]) -> tuple[Redaction, ...]:
    rows = connection.execute(statement.order_by(redaction.c.id.desc()).limit(MAX_SHOWN))
    return tuple(map(_redaction, rows))


def _redaction(row: Row[Any]) -> Redaction:
    return Redaction(**{**row._mapping, "cause": Cause(row.cause)})


def _item(row: Row[Any]) -> Item:
    place = None
    if row.warc_file is not None:
        place = WarcSpan(file=row.warc_file, offset=row.warc_offset, length=row.warc_length)
    return Item(what=What(row.what), sha256=row.sha256, bytes=row.bytes, ref=row.ref, place=place)

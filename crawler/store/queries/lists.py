"""What the record says about lists: the sets crawls decided by, and what was left out for them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import Connection, select

from blocklists.hostnames import registrable_domain
from crawler.store.codec import reasons_from_json
from crawler.store.queries.ways import number_bounds, numbers_of_reasons, reasons_under
from crawler.store.schema import blocklist_entry, blocklist_snapshot, crawl, decision, document
from reservations.model import Reason

CHUNK = 1000
SET = "set"
"""What the `source` of a snapshot row begins with if it stands for the whole set of a crawl."""
BLOCKLIST = "blocklist."


@dataclass(frozen=True, slots=True, kw_only=True)
class SetUse:
    """A set of lists, and from when a crawl decided by it."""

    crawl: int
    set_id: str
    active_from: datetime
    oldest: datetime | None
    """When the oldest of its lists was last confirmed."""
    entries: int
    file: str
    """Where the set is kept, below the folder of the lists."""

    @property
    def age(self) -> timedelta | None:
        """Age of the oldest list when the crawl began to decide by the set."""
        return None if self.oldest is None else self.active_from - self.oldest


@dataclass(frozen=True, slots=True, kw_only=True)
class Exclusion:
    """A decision that a list made, with all that an auditor asks for."""

    decision_id: int
    crawl: int
    url: str
    via: str | None
    host: str
    decided_at: datetime
    stage: str
    reason: Reason
    set_id: str
    set_age: timedelta | None
    entry: dict[str, Any] | None
    """The entry in interchange form; None for a record from before entries were kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """That a host was looked at and no list named it: the negative answer."""

    crawl: int
    set_id: str
    first: datetime
    last: datetime
    decisions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A document that was not withdrawn, as far as lists are concerned."""

    decision_id: int
    url: str
    kept_at: datetime


def sets_used(connection: Connection, crawl_id: int | None = None) -> tuple[SetUse, ...]:
    """The sets crawls decided by, in the order in which they became active."""
    table = blocklist_snapshot
    statement = select(table).where(table.c.source.startswith(f"{SET}:")).order_by(table.c.id)
    uses = (_use(row) for row in connection.execute(statement))
    return tuple(use for use in uses if crawl_id in (None, use.crawl))


def set_at(uses: tuple[SetUse, ...], crawl_id: int, moment: datetime) -> SetUse | None:
    """The set a crawl decided by at a moment; None where the record does not say."""
    active = [use for use in uses if use.crawl == crawl_id and use.active_from <= moment]
    return active[-1] if active else None


def exclusions(
    connection: Connection,
    *,
    host: str | None = None,
    source: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Iterator[Exclusion]:
    """Decisions that lists made, oldest first; by host (with all below it), list and time."""
    uses, entries = sets_used(connection), _Entries(connection)
    reason = f"{BLOCKLIST}{source}" if source is not None else BLOCKLIST.rstrip(".")
    bounds = number_bounds(connection, since, until)
    statement = select(decision).order_by(decision.c.id)
    if host is not None:
        statement = statement.where(decision.c.domain == (registrable_domain(host) or host))
    if since is not None:
        statement = statement.where(decision.c.decided_at >= since)
    if until is not None:
        statement = statement.where(decision.c.decided_at < until)
    numbers = numbers_of_reasons(connection, reason, *bounds)
    while some := list(islice(numbers, CHUNK)):
        for row in connection.execute(statement.where(decision.c.id.in_(some))):
            if host is None or row.host == host or row.host.endswith(f".{host}"):
                yield _exclusion(row, uses, entries)


def redirects_to_listed(connection: Connection) -> tuple[tuple[str, str], ...]:
    """Pairs of an unlisted URL and the listed one it redirected to: for a person to look at."""
    statement = (
        select(decision.c.via, decision.c.url)
        .where(
            decision.c.reason.in_(reasons_under(connection, BLOCKLIST.rstrip("."))),
            decision.c.via.is_not(None),
        )
        .distinct()
        .order_by(decision.c.via, decision.c.url)
    )
    return tuple((row.via, row.url) for row in connection.execute(statement))


def not_listed(connection: Connection, host: str) -> tuple[Checked, ...]:
    """When and in which sets a host was looked up without a hit, crawl by crawl."""
    uses = sets_used(connection)
    statement = (
        select(decision.c.crawl_id, decision.c.decided_at)
        .where(
            decision.c.domain == (registrable_domain(host) or host),
            decision.c.host == host,
            ~decision.c.reason.startswith(BLOCKLIST),
        )
        .order_by(decision.c.id)
    )
    crawls = connection.execute(select(crawl.c.id, crawl.c.blocklist_set))
    pinned = {row.id: row.blocklist_set for row in crawls}
    found: dict[tuple[int, str], Checked] = {}
    for crawl_id, decided_at in connection.execute(statement, execution_options={"yield_per": CHUNK}):
        use = set_at(uses, crawl_id, decided_at)
        key = (crawl_id, use.set_id if use else pinned.get(crawl_id) or "")
        new = Checked(crawl=key[0], set_id=key[1], first=decided_at, last=decided_at, decisions=0)
        known = found.get(key, new)
        found[key] = replace(known, last=decided_at, decisions=known.decisions + 1)
    return tuple(found.values())


def documents(connection: Connection) -> Iterator[Stored]:
    """Documents that were not withdrawn, in bounded memory."""
    table, after = document, 0
    columns = select(table.c.decision_id, table.c.url, table.c.kept_at).where(table.c.withdrawn_at.is_(None))
    while True:
        page = columns.where(table.c.decision_id > after).order_by(table.c.decision_id).limit(CHUNK)
        rows = connection.execute(page).all()
        for row in rows:
            yield Stored(decision_id=row.decision_id, url=row.url, kept_at=row.kept_at)
        if len(rows) < CHUNK:
            return
        after = rows[-1].decision_id


def hosts(connection: Connection) -> Iterator[str]:
    """All hosts the record has decisions about."""
    for row in connection.execute(select(decision.c.host).distinct()):
        yield row.host


class _Entries:
    """Entries that were recorded, by the digest of their list and their value."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._found: dict[tuple[str, str, str], dict[str, Any] | None] = {}

    def get(self, source: str, sha256: str, value: str) -> dict[str, Any] | None:
        """The entry in interchange form."""
        key = (source, sha256, value)
        if key not in self._found:
            self._found[key] = self._read(*key)
        return self._found[key]

    def _read(self, source: str, sha256: str, value: str) -> dict[str, Any] | None:
        entry, snapshot = blocklist_entry, blocklist_snapshot
        record = self._connection.scalar(
            select(entry.c.record)
            .join(snapshot, snapshot.c.id == entry.c.snapshot_id)
            .where(snapshot.c.source == source, snapshot.c.sha256 == sha256, entry.c.value == value)
            .order_by(entry.c.id)
            .limit(1)
        )
        return None if record is None else dict(json.loads(record))


def _exclusion(row: Any, uses: tuple[SetUse, ...], entries: _Entries) -> Exclusion:
    reason = next(r for r in reasons_from_json(row.reasons) if r.code.startswith(BLOCKLIST))
    use = set_at(uses, row.crawl_id, row.decided_at)
    return Exclusion(
        decision_id=row.id,
        crawl=row.crawl_id,
        url=row.url,
        via=row.via,
        host=row.host,
        decided_at=row.decided_at,
        stage=row.stage,
        reason=reason,
        set_id=use.set_id if use else "",
        set_age=row.decided_at - use.oldest if use and use.oldest else None,
        entry=entries.get(reason.code.removeprefix(BLOCKLIST), reason.evidence or "", reason.quote),
    )


def _use(row: Any) -> SetUse:
    number = row.source.removeprefix(f"{SET}:").partition(".")[0]
    file, _, oldest = row.url.partition("?oldest=")
    return SetUse(
        crawl=int(number),
        set_id=row.sha256,
        active_from=row.retrieved_at,
        oldest=datetime.fromisoformat(oldest) if oldest else None,
        entries=row.entries,
        file=file,
    )

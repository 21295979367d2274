"""Keeping the sums over sites and large folders: what was decided since is added.

This is done in one transaction with how far they reach.

A death at any moment is harmless: sums and reach are committed together, and readers add the rest.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Engine, Table, case, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from crawler.store.queries.exports import last_decision
from crawler.store.queries.folders import EACH, keys_of, looked_upto, places_of, without_sums
from crawler.store.queries.sums import (
    Change,
    add_erased,
    add_moves,
    change,
    counted_upto,
    decided,
    standings,
)
from crawler.store.queries.ways import numbers_of_keys
from crawler.store.schema import decision, document
from crawler.store.summary import counted, hour_decisions, site_decisions, site_documents, site_pages
from crawler.store.writer import Writer, WriterError

BATCH = 2000
"""Decisions added in one transaction: a tenth of a second."""
LOOKS = 40
"""Decisions whose folders are looked at in one transaction."""
ROUNDS = 3
"""Transactions of the kind between two additions: enough for 1,500 decisions a second."""
EVERY = 20.0
"""Seconds between two additions while a crawl runs; readers add the rest."""
_ADDED = ("decisions", "pages", "kept", "bytes")
_LEAST = ("first", "first_id")
_MOST = ("last", "last_id", "withdrawn")
Row = Mapping[str, Any]


def count_new(connection: Connection, most: int = BATCH) -> int:
    """Add the next decisions to the sums; the answer is how many there were, 0 where none is left.

    Callers pass a connection of `open_database` inside a transaction.
    """
    since = _reach(connection)
    rows = decided(connection, decision.c.id > since, limit=most)
    if rows:
        places = places_of(connection, (row.lookup_key for row in rows))
        _apply(connection, change(connection, rows, since, places))
        _set_reach(connection, rows[-1].id)
    return len(rows)


def keep_more_folders(connection: Connection, most: int = LOOKS) -> int:
    """Look for folders that have grown large among those of the next decisions, and keep sums of one.

    The answer is how many decisions were left to look at, 0 where none is. A folder that is found has its
    decisions counted first, some 60 microseconds each. Callers pass a connection as for `count_new`.
    """
    upto, looked = _reach(connection), looked_upto(connection)
    ids = range(looked - looked % EACH + EACH, upto + 1, EACH)[:most]
    if not ids:
        return 0
    found = without_sums(connection, ids)
    if found:
        _count_folder(connection, found[0], upto)
    if len(found) < 2:
        connection.execute(update(counted).where(counted.c.id == 1).values(folders=ids[-1]))
    return len(ids)


def _count_folder(connection: Connection, folder: str, upto: int) -> None:
    numbers = numbers_of_keys(connection, keys_of(folder), decision.c.id <= upto)
    since = 0
    while some := list(islice(numbers, BATCH)):
        rows = decided(connection, decision.c.id.in_(some))
        made = change(connection, rows, since, lambda _: (folder,))
        made.hours.clear()  # these have been counted
        _apply(connection, made)
        since = some[-1]


async def keep_sums(writer: Writer, every: float = EVERY) -> None:
    """Add what is decided until cancelled, on the writer's own connection."""
    try:
        while True:
            await asyncio.sleep(every)
            while await writer.call(count_new, apart=True) >= BATCH:
                pass
            for _ in range(ROUNDS):  # what an upgraded record has left is not caught up with at once
                if not await writer.call(keep_more_folders, apart=True):
                    break
    except WriterError:
        return  # the crawl ends for the same reason, and says so


Told = Callable[[str, int, int], None]
"""Hears what is counted, up to which decision it is, and which is the last."""


def count_all(engine: Engine, told: Told = lambda *_: None) -> int:
    """Bring the sums up to date, a transaction a batch; the answer is how many decisions were added."""
    total = 0
    while added := _next(engine, count_new):
        total += added
        told("decisions counted", *_reaches(engine, counted_upto))
    while _next(engine, keep_more_folders):
        told("decisions looked at for large folders", *_reaches(engine, looked_upto))
    return total


def _next(engine: Engine, step: Callable[[Connection], int]) -> int:
    with engine.begin() as connection:
        return step(connection)


def _reaches(engine: Engine, reach: Callable[[Connection], int]) -> tuple[int, int]:
    with engine.connect() as connection:
        return reach(connection), last_decision(connection)


@contextmanager
def keeping_sums(
    connection: Connection, *, documents: Collection[int] = (), decisions: Collection[int] = ()
) -> Iterator[None]:
    """Keep the sums in step with a change to rows they hold, which the body makes.

    `documents` are decisions whose documents are withdrawn or taken out, `decisions` those taken out
    themselves; a few thousand at most. Callers pass a connection inside a transaction.
    """
    upto = _reach(connection)
    hashes = {
        *connection.scalars(select(document.c.url_hash).where(document.c.decision_id.in_(documents))),
        *connection.scalars(select(decision.c.url_hash).where(decision.c.id.in_(decisions))),
    }
    gone = decided(connection, decision.c.id.in_(decisions), decision.c.id <= upto) if decisions else []
    before = standings(connection, hashes, upto)
    places = places_of(connection, (*(s.key for s in before.values()), *(row.lookup_key for row in gone)))
    yield
    made = Change()
    add_moves(made, before, standings(connection, hashes, upto), places)
    add_erased(made, gone, places)
    _apply(connection, made)
    for row in gone:
        for place in places(row.lookup_key):
            _forget_newest(connection, row, place)
    _drop_empty(connection, {place for row in gone for place in places(row.lookup_key)})


def _drop_empty(connection: Connection, sites: Collection[str]) -> None:
    """Sums of nothing would still name the host of what was taken out."""
    for table in (site_pages, site_documents):
        connection.execute(delete(table).where(table.c.site.in_(sites), table.c.pages <= 0))


def _forget_newest(connection: Connection, row: Any, place: str) -> None:
    """The newest decision that a sum names was taken out: name the one before it, or drop the sum."""
    table = site_decisions.c
    alike = ("stage", "verdict", "reason", "identity_id")
    mine = [table.site == place, *(table[name] == getattr(row, name) for name in alike)]
    connection.execute(delete(site_decisions).where(*mine, table.decisions <= 0))
    if connection.scalar(select(table.last_id).where(*mine)) == row.id:
        key, (start, end) = decision.c.lookup_key, keys_of(place)
        same = [decision.c[name] == getattr(row, name) for name in alike]
        newest = select(func.max(decision.c.id)).where(key >= start, key < end, *same)
        connection.execute(update(site_decisions).where(*mine).values(last_id=connection.scalar(newest) or 0))


def _reach(connection: Connection) -> int:
    """How far the sums reach; the row stays locked until the transaction ends, so that nobody else adds."""
    found = connection.scalar(select(counted.c.upto).where(counted.c.id == 1).with_for_update())
    if found is None:
        ignoring = _insert_for(connection)(counted).on_conflict_do_nothing()
        connection.execute(ignoring, {"id": 1, "upto": 0})
        found = connection.scalar(select(counted.c.upto).where(counted.c.id == 1).with_for_update())
    return int(found or 0)


def _set_reach(connection: Connection, upto: int) -> None:
    connection.execute(update(counted).where(counted.c.id == 1).values(upto=upto))


def _apply(connection: Connection, made: Change) -> None:
    _add(connection, site_decisions, (_row(site_decisions, k, v) for k, v in made.decisions.items()))
    _add(connection, site_pages, (_row(site_pages, k, v) for k, v in made.pages.items()))
    _add(connection, site_documents, (_row(site_documents, (k,), v) for k, v in made.documents.items()))
    _add(connection, hour_decisions, (_row(hour_decisions, (k,), v) for k, v in made.hours.items()))


def _row(table: Table, key: tuple[Any, ...], value: Any) -> Row:
    names = (column.name for column in table.primary_key)
    return dict(zip(names, key, strict=True)) | {n: getattr(value, n) for n in value.__slots__}


def _add(connection: Connection, table: Table, rows: Iterable[Row]) -> None:
    # In the order of the key, so that two processes never wait for each other's rows crosswise.
    ordered = sorted(rows, key=lambda row: tuple(row[column.name] for column in table.primary_key))
    if ordered:
        connection.execute(_adding(connection, table), ordered)


def _adding(connection: Connection, table: Table) -> Any:
    statement = _insert_for(connection)(table)
    new, old = statement.excluded, table.c
    more = {name: old[name] + new[name] for name in _ADDED if name in old}
    least = {n: case((new[n] < old[n], new[n]), else_=old[n]) for n in _LEAST if n in old}
    most = {n: case((old[n].is_(None) | (new[n] > old[n]), new[n]), else_=old[n]) for n in _MOST if n in old}
    return statement.on_conflict_do_update(index_elements=list(table.primary_key), set_=more | least | most)


def _insert_for(connection: Connection) -> Any:
    return postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert

"""The sequencer: decisions get their places in the log, the tree grows, a checkpoint is signed.

The order makes a death at any moment harmless. Entries are committed to the database first, a batch in one
transaction; tiles are made from them, and made the same again; the checkpoint comes last.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from secrets import token_bytes

from crawler.config import Config
from crawler.log.checkpoint import Checkpoint, open_checkpoint
from crawler.log.entries import SALT_BYTES, EntryKind, entry_of_record, entry_of_redaction
from crawler.log.folder import LogError, LogFolder
from crawler.log.merkle import leaf_hash, root
from crawler.log.note import NoteError, Signer
from crawler.log.records import crawl_record, decision_record
from crawler.log.tiles import Growth, TileError, hashes_from
from crawler.store.database import Connection, open_database
from crawler.store.log import Engine, add_checkpoint, append_entries, lock_log, plain_errors, take_away
from crawler.store.queries.log import (
    CheckpointRow,
    EntryRow,
    entries,
    entry_of,
    last_checkpoint,
    log_size,
    waiting_crawls,
    waiting_decisions,
)
from crawler.store.queries.logged import DecisionReader, UnreadableRowError, logged_crawl

BATCH = 1000
"""Decisions that get their places in one transaction."""
Salts = Callable[[], bytes]
new_salt: Salts = partial(token_bytes, SALT_BYTES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What a run of the sequencer came to."""

    note: str
    """The signed checkpoint."""
    size: int
    added: int
    """Entries added by this run."""


def log_folder(config: Config) -> LogFolder:
    """The folder of an instance's log."""
    return LogFolder(config.storage.data / "log")


def origin_of_log(config: Config) -> str:
    """What a new log is called: where it will be read, without the scheme (c2sp.org/tlog-tiles)."""
    url = config.publish.base_url or config.crawler.info_url or config.crawler.product_token or "forbear"
    return url.partition("://")[2].rstrip("/") + "/log" if "://" in url else url.rstrip("/") + "/log"


def write_checkpoint(config: Config, now: datetime | None = None) -> Published | None:
    """Bring an instance's log up to date; None where there is nothing to log yet.

    Raises LogError, KeyFileError or DatabaseError. Safe beside a running crawl.
    """
    engine = open_database(config.database_url)
    try:
        with plain_errors():
            return publish(engine, log_folder(config), origin_of_log(config), now or datetime.now(UTC))
    finally:
        engine.dispose()


def publish(
    engine: Engine, folder: LogFolder, origin: str, now: datetime, salts: Salts = new_salt
) -> Published | None:
    """Sequence everything that waits, write the tiles, sign and publish."""
    with folder.locked():
        added = sum(_batches(engine, now, salts))
        with engine.connect() as connection:
            last, size = last_checkpoint(connection), log_size(connection)
        if size == 0:
            return None
        signer = folder.signer(origin, make=last is None and folder.checkpoint() is None)
        note = _extend(engine, folder, signer, last, now)
        if folder.checkpoint() != note:
            folder.publish(note)
    return Published(note=note, size=size, added=added)


def sequence(connection: Connection, now: datetime, salts: Salts = new_salt) -> int:
    """Give places to the next batch, in the connection's transaction; how many entries that made.

    Places are counted on from the last one. A sequence of the database would skip some, and a log must not.
    """
    lock_log(connection)
    ids = waiting_decisions(connection, BATCH)
    rows = list(_decision_entries(connection, ids, log_size(connection), salts))
    if len(ids) < BATCH:
        rows.extend(_crawl_entries(connection, log_size(connection) + len(rows), salts))
    append_entries(connection, rows, now)
    return len(rows)


def erase(connection: Connection, decision_id: int, now: datetime) -> int:
    """Delete a decision and what opens the commitment to it, and log that; the place of that entry.

    Only a decision that has its place can be erased. Raises LookupError.
    """
    erased = entry_of(connection, decision_id)
    if erased is None:
        raise LookupError(f"decision {decision_id} has no entry yet")
    lock_log(connection)
    take_away(connection, decision_id)
    position = log_size(connection)
    entry = entry_of_redaction(erased.position)
    append_entries(connection, [_row(position, EntryKind.REDACTION, entry)], now)
    return position


def _batches(engine: Engine, now: datetime, salts: Salts) -> Iterator[int]:
    while True:
        with engine.begin() as connection:
            added = sequence(connection, now, salts)
        yield added
        if added < BATCH:
            return


def _decision_entries(connection: Connection, ids: list[int], start: int, salts: Salts) -> Iterator[EntryRow]:
    logged = DecisionReader(connection).read(ids)
    for position, number in enumerate(ids, start):
        decision = logged[number]
        if isinstance(decision, UnreadableRowError):
            raise LogError(f"{decision}; nothing after it can be logged")
        salt = salts()
        entry = entry_of_record(EntryKind.DECISION, salt, decision_record(decision))
        yield _row(position, EntryKind.DECISION, entry, salt=salt, decision_id=number)


def _crawl_entries(connection: Connection, start: int, salts: Salts) -> Iterator[EntryRow]:
    for position, number in enumerate(waiting_crawls(connection), start):
        try:
            record = crawl_record(logged_crawl(connection, number))
        except UnreadableRowError as error:
            raise LogError(f"{error}; nothing after it can be logged") from error
        salt = salts()
        entry = entry_of_record(EntryKind.CRAWL, salt, record)
        yield _row(position, EntryKind.CRAWL, entry, salt=salt, crawl_id=number)


def _row(
    position: int,
    kind: EntryKind,
    entry: bytes,
    *,
    salt: bytes | None = None,
    decision_id: int | None = None,
    crawl_id: int | None = None,
) -> EntryRow:
    return EntryRow(
        position=position,
        kind=kind.value,
        leaf_hash=leaf_hash(entry),
        entry=entry,
        salt=salt,
        decision_id=decision_id,
        crawl_id=crawl_id,
    )


def _extend(
    engine: Engine, folder: LogFolder, signer: Signer, last: CheckpointRow | None, now: datetime
) -> str:
    """Write the tiles of what was added and sign; the note. Nothing is signed that denies an older one."""
    with engine.connect() as connection:
        size = _grow(connection, folder, last.tree_size if last else 0)
    try:
        hashes = hashes_from(size, folder.read)
        checkpoint = Checkpoint(origin=signer.name, size=size, root=root(size, hashes))
        for older in _signed_before(folder, signer, last):
            if older.size > size or root(older.size, hashes) != older.root:
                raise LogError(
                    f"a checkpoint of {older.size} entries was published, and this record of {size} does not "
                    "continue it; nothing is signed. Was the database put back to an older copy?"
                )
    except TileError as error:
        raise LogError(f"{folder.path}: {error}") from error
    if last is not None and last.tree_size == size:
        return last.note
    note = signer.sign(checkpoint.text)
    with engine.begin() as connection:
        row = CheckpointRow(tree_size=size, root_hash=checkpoint.root, note=note, created_at=now)
        add_checkpoint(connection, row)
    return note


def _grow(connection: Connection, folder: LogFolder, start: int) -> int:
    try:
        growth = Growth(start, folder.read)
    except (TileError, LogError) as error:
        raise LogError(f"{error}; without it the tree cannot go on") from error
    for page in entries(connection, start):
        for row in page:
            if row.position != growth.size:
                raise LogError(f"the record has no entry {growth.size}, but an entry {row.position}")
            for tile, data in growth.add(row.entry, row.leaf_hash):
                folder.write(tile, data)
    for tile, data in growth.partial():
        folder.write(tile, data)
    return growth.size


def _signed_before(folder: LogFolder, signer: Signer, last: CheckpointRow | None) -> Iterator[Checkpoint]:
    """The last checkpoint in the record, and the one that the public has seen."""
    notes = dict.fromkeys(note for note in (last.note if last else None, folder.checkpoint()) if note)
    for note in notes:
        try:
            yield open_checkpoint(note, [signer.verifier])
        except NoteError as error:
            raise LogError(f"a checkpoint that was published is not this key's: {error}") from error

"""Removals in the log: one entry says what was removed, and names the entries that were erased by it.

It is written in the transaction that removes, so that nothing is ever gone of which the log does not say so.
"""

from __future__ import annotations

from crawler.log.entries import EntryKind, entry_of_removal
from crawler.log.merkle import leaf_hash
from crawler.log.records import redaction_record
from crawler.log.sequencer import Salts, new_salt
from crawler.retention.model import Order, Redaction, Taken
from crawler.store.database import Connection
from crawler.store.log import append_entries, lock_log
from crawler.store.queries.log import EntryRow, log_size
from crawler.store.retention.writing import add_redaction


def redact(connection: Connection, order: Order, taken: Taken, salts: Salts = new_salt) -> Redaction:
    """Put a redaction in the place of what was taken out in this transaction, and log it."""
    lock_log(connection)
    position, salt = log_size(connection), salts()
    made = add_redaction(connection, order, taken, position)
    entry = entry_of_removal(salt, redaction_record(made), taken.erased)
    row = EntryRow(
        position=position,
        kind=EntryKind.REDACTION.value,
        leaf_hash=leaf_hash(entry),
        entry=entry,
        salt=salt,
        decision_id=None,
        crawl_id=None,
    )
    append_entries(connection, [row], order.when)
    return made

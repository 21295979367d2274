"""Redactions against the log, and against what is really gone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from crawler.log.entries import EntryKind, entry_of_removal, redacted_positions
from crawler.log.findings import Finding, What
from crawler.log.records import redaction_record
from crawler.retention.model import Item, Redaction, digest_of
from crawler.retention.model import What as Removed
from crawler.store.database import Connection
from crawler.store.queries.log import EntryRow, entry_at
from crawler.store.queries.retention import all_redactions, items_of, redaction_at
from crawler.store.warc import WarcIntegrityError, is_redaction, read_record

Problem = tuple[What, str]


def check_redaction(connection: Connection, row: EntryRow) -> Iterator[Problem]:
    """What is wrong with an entry that says that something was removed."""
    positions = redacted_positions(row.entry)
    if positions is None or any(position >= row.position for position in positions):
        yield What.COMMITMENT, "a redaction that says of no earlier entry that it was erased"
        return
    if row.salt is None:
        if not positions:
            yield What.MISSING, "what opens a redaction was taken away"
        return  # the form in which one decision was erased by itself
    made = redaction_at(connection, row.position)
    if made is None:
        yield What.RECORD, "the redaction that stands here is gone"
    elif entry_of_removal(row.salt, redaction_record(made), positions) != row.entry:
        yield What.COMMITMENT, f"redaction {made.id}"


class RemovalCheck:
    """Every redaction in the record: is it in the log, is its list whole, is what it names gone?"""

    def __init__(self, connection: Connection, data: Path) -> None:
        self._connection = connection
        self._data = data
        self.number = 0
        """Redactions so far."""
        self.pending = 0
        """Records in files that are still to be overwritten."""

    def findings(self) -> Iterator[Finding]:
        """What does not fit."""
        for made in all_redactions(self._connection):
            self.number += 1
            entry = None if made.position is None else entry_at(self._connection, made.position)
            if entry is None or entry.kind != EntryKind.REDACTION:
                text = f"redaction {made.id} of {made.removed_at:%d %B %Y} is not in the log"
                yield Finding(what=What.MISSING, entry=made.position, text=text)
            yield from self._list(made)

    def _list(self, made: Redaction) -> Iterator[Finding]:
        problems: list[str] = []

        def seen() -> Iterator[Item]:
            for item, done in items_of(self._connection, made.id):
                if item.what is Removed.WARC:
                    problems.extend(self._left(item, done=done))
                yield item

        if digest_of(seen()) != made.digest:
            text = f"the list of what redaction {made.id} removed is not the one it names"
            yield Finding(what=What.COMMITMENT, entry=made.position, text=text)
        for problem in problems[:10]:
            yield Finding(what=What.STORED, entry=made.position, text=problem)

    def _left(self, item: Item, *, done: bool) -> Iterator[str]:
        """What is left of a record that was removed."""
        if not done or item.place is None:
            self.pending += 1
            return
        path = self._data / item.place.file
        try:
            record = read_record(path, item.place.offset, item.place.length)
        except WarcIntegrityError as error:
            yield f"{error} (a removed record)"
            return
        if not is_redaction(record):
            yield f"{path} at byte {item.place.offset}: a record that was removed is still there"

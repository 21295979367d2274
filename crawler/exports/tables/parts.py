"""The files of an export as they grow: each piece is on disk before the state tells of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from hashlib import file_digest
from typing import Any, BinaryIO

from crawler.exports.tables.model import Table
from crawler.exports.tables.state import State, state_keys
from crawler.exports.working import Working
from crawler.present import Json
from crawler.store.queries.exports import ExportedFile


class Parts:
    """Writes pieces into the files of a working folder."""

    def __init__(self, working: Working, order: Json, table: Table[Any], name: Callable[[int], str]) -> None:
        self._working = working
        self._order = order
        self._table = table
        self._name = name
        self._last, self._of_last = 0, 0
        self._seen: tuple[datetime, datetime] | None = None
        self._policies: set[str] = set()

    def piece(
        self, state: State, write: Callable[[Iterable[Any], BinaryIO], int], rows: Iterable[Any]
    ) -> State:
        """Write rows to the end of the file that is being written, and commit them."""
        self._last, self._of_last, self._seen = state.last, state.of_last, state.time_range
        self._policies = set(state.policies)
        path = self._working.path(self._name(state.part))
        with path.open("r+b" if path.exists() else "w+b") as stream:
            stream.truncate(state.bytes_of_part)
            stream.seek(state.bytes_of_part)
            count = write(self._watched(rows), stream)
            stream.flush()
            os.fsync(stream.fileno())
            size = stream.tell()
        state = self._told(state, count, size)
        if self._table.number is not None:
            self.save(state)
        return state

    def begin_part(self, state: State) -> State:
        """Begin the next file, after the one before it is described."""
        done = self._described(state) if state.part else state
        return replace(done, part=state.part + 1, rows_of_part=0, bytes_of_part=0)

    def end(self, state: State) -> State:
        """Nothing more comes."""
        state = replace(self._described(state), written=True)
        self.save(state)
        return state

    def save(self, state: State) -> None:
        """Commit how far the export has come."""
        self._working.save(self._order, state_keys(state))

    def _told(self, state: State, count: int, size: int) -> State:
        first, last = self._seen or (None, None)
        return replace(
            state,
            last=self._last,
            of_last=self._of_last,
            rows_of_part=state.rows_of_part + count,
            bytes_of_part=size,
            first_seen=first,
            last_seen=last,
            policies=tuple(sorted(self._policies)),
        )

    def _watched(self, rows: Iterable[Any]) -> Iterator[Any]:
        number, seen, policy = self._table.number, self._table.seen, self._table.policy
        for row in rows:
            if number is not None:
                at = number(row)
                self._of_last = self._of_last + 1 if at == self._last else 1
                self._last = at
            if seen is not None:
                when = seen(row)
                first, last = self._seen or (when, when)
                self._seen = (min(first, when), max(last, when))
            if policy is not None:
                self._policies.add(policy(row))
            yield row

    def _described(self, state: State) -> State:
        path = self._working.path(self._name(state.part))
        with path.open("rb") as stream:
            digest = file_digest(stream, "sha256").hexdigest()
        file = ExportedFile(name=path.name, bytes=path.stat().st_size, sha256=digest, rows=state.rows_of_part)
        return replace(state, files=(*state.files, file))

"""Who asked for what: the demo web's own record, by which a crawler is judged."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TextIO


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessRecord:
    """One request as the server saw it."""

    at: float
    """Seconds since the epoch at which the request had been read."""
    site: str
    address: str
    method: str
    target: str
    """The request target exactly as received, bytes read as latin-1."""
    user_agent: str | None
    from_address: str | None
    """The `From` header."""
    host: str | None
    status: int | None = None
    """None while nothing was answered, and for ever where the site never answers."""
    sent: int = 0
    """Body bytes handed to the socket so far."""
    complete: bool = False
    """Whether everything the server meant to send has gone out."""


class Entry:
    """A request under way. Only the server's thread writes to it."""

    def __init__(self, asked: AccessRecord) -> None:
        self._asked = asked
        self.status: int | None = None
        self.sent = 0
        self.complete = False

    def freeze(self) -> AccessRecord:
        """The record as it stands now."""
        return replace(self._asked, status=self.status, sent=self.sent, complete=self.complete)


class AccessLog:
    """All requests in the order they arrived, in memory and, if wanted, as JSON Lines."""

    def __init__(self, path: Path | None = None) -> None:
        self._entries: list[Entry] = []
        self._path = path
        self._file: TextIO | None = None

    def begin(self, asked: AccessRecord) -> Entry:
        """Note a request before it is answered, so that no reader can miss it."""
        entry = Entry(asked)
        self._entries.append(entry)
        return entry

    def end(self, entry: Entry) -> None:
        """The exchange is over: write its line."""
        if self._path is None:
            return
        if self._file is None:
            self._file = self._path.open("a", encoding="utf-8")
        self._file.write(json.dumps(asdict(entry.freeze())) + "\n")
        self._file.flush()

    def records(self) -> tuple[AccessRecord, ...]:
        """A snapshot; safe to call from any thread."""
        return tuple(entry.freeze() for entry in list(self._entries))

    def clear(self) -> None:
        """Forget what was noted so far; the file keeps it."""
        self._entries.clear()

    def close(self) -> None:
        """Close the file, if there is one."""
        if self._file is not None:
            self._file.close()
            self._file = None

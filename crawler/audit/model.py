"""What an audit reads and what it says. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from reservations.model import Evidence, Reason


class Judged(StrEnum):
    """What an audit says of a URL."""

    KEEP = "keep"
    """Everything that has to be known is known, and nothing withholds it."""
    EXCLUDE = "exclude"
    UNKNOWN = "unknown"
    """The input does not tell; never counted as kept."""


class FilesOf(StrEnum):
    """Whose location files decided."""

    INPUT = "input"
    """Those of the input, seen when the page was."""
    TODAY = "today"
    """Some were fetched for the audit: they say what holds today."""
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """A place that could not be read."""

    file: str
    offset: int
    """Byte of a WARC file (of the gzip member), line, or row."""
    unit: str
    """`byte`, `line`, or `row`."""
    why: str

    def __str__(self) -> str:
        return f"{self.file} at {self.unit} {self.offset}: {self.why}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One URL of the input, with what the input knows about it; never its body."""

    url: str
    file: str
    offset: int
    date: datetime | None = None
    record: str | None = None
    """WARC-Record-ID."""
    evidence: tuple[Evidence, ...] = ()
    """Head of its answer and the signals in its body."""
    whole: bool = False
    """Whether head and body were both read whole."""
    found: tuple[Reason, ...] = ()
    """What reading it met: a cut body, a coding that cannot be undone, a redirect."""
    missing: tuple[str, ...] = ()
    """What of the page itself is not in the input: `page`, `head`, `body`."""
    status: int | None = None
    media_type: str | None = None
    bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRow:
    """The verdict on one URL of the input."""

    page: Page
    host: str
    domain: str
    stage: str
    verdict: Judged
    reason: str
    reasons: tuple[Reason, ...]
    missing: tuple[str, ...]
    """Kinds of evidence that were not there; `page`, `head`, `body`; `recent robots.txt` and its like."""
    files: FilesOf
    policy: str
    evidence: tuple[str, ...]

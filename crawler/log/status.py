"""How a log stands: what is in it, what waits, and whether that takes too long."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from crawler.log.folder import LogFolder
from crawler.store.database import Connection
from crawler.store.queries.log import last_checkpoint, log_size, waiting

PATIENCE = timedelta(seconds=60)
"""How long a decision may wait for its place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogStatus:
    """A log at one moment."""

    key: str | None
    """The verifier key; None where nothing was logged yet."""
    entries: int
    checkpoint_size: int
    """Entries under the newest checkpoint; 0: there is none."""
    checkpoint_at: datetime | None
    is_published: bool
    """Whether the newest checkpoint is the one in the folder."""
    waiting: int
    """Decisions without a place in the log."""
    oldest_waiting: datetime | None
    is_late: bool
    """Whether one of them has waited too long."""


def status(connection: Connection, folder: LogFolder, now: datetime) -> LogStatus:
    """How the log stands now."""
    last = last_checkpoint(connection)
    number, oldest = waiting(connection)
    return LogStatus(
        key=(folder.verifier_key() or "").strip() or None,
        entries=log_size(connection),
        checkpoint_size=last.tree_size if last else 0,
        checkpoint_at=last.created_at if last else None,
        is_published=last is not None and folder.checkpoint() == last.note,
        waiting=number,
        oldest_waiting=oldest,
        is_late=oldest is not None and now - oldest > PATIENCE,
    )

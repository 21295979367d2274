"""Mails that were written about complaints: files of the outbox, which hold what the complaints hold."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from crawler.store.database import Connection
from crawler.store.retention.complaints import mail_files

FOLDERS = ("outbox", "outbox/sent")


def drop_mails(connection: Connection, data: Path, complaints: Sequence[Any]) -> int:
    """Delete the mails about complaints, waiting and sent; how many files. Before the record says so, so that
    a death between leaves nothing behind: deleting again does no harm."""
    dropped = 0
    for name in mail_files(connection, complaints):
        for folder in FOLDERS:
            file = data / folder / Path(name).name
            if file.is_file():
                file.unlink()
                dropped += 1
    return dropped

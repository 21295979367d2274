"""The outbox, `data/outbox`: a file for each mail, whole or not there, readable by its owner alone."""

from __future__ import annotations

import os
from pathlib import Path

from crawler.config import Config

SENT = "sent"


class Outbox:
    """The folder with mails that wait, and `sent` below it with those that were."""

    def __init__(self, config: Config) -> None:
        self.path = config.storage.data / "outbox"

    def put(self, name: str, content: bytes) -> Path:
        """Write a mail. Raises OSError."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        path, aside = self.path / name, self.path / f".{name}.new"
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
        return path

    def take(self, name: str) -> bytes | None:
        """The bytes of a mail that waits; None where its file is gone."""
        try:
            return (self.path / name).read_bytes()
        except FileNotFoundError:
            return None

    def sent(self, name: str) -> None:
        """Put a mail to those that were sent."""
        folder = self.path / SENT
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (self.path / name).replace(folder / name)

    def drop(self, name: str) -> None:
        """Delete a mail, wherever it lies."""
        for folder in (self.path, self.path / SENT):
            (folder / name).unlink(missing_ok=True)

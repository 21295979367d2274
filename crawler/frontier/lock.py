"""One crawl at a time on a data folder.

On opening, leased rows go back to waiting and files are cut back to what was committed; both are
right only if nobody else is working in the folder.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

NAME = "forbear.lock"


class InstanceBusyError(Exception):
    """Another crawl holds the data folder; the message names its process."""


class InstanceLock:
    """The exclusive hold on a data folder. The kernel drops it when the process dies, however it does."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / NAME
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(self._file, 32, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(self._file)
            raise InstanceBusyError(
                f"another crawl or `forbear store` is running on {folder} (process {holder}); "
                "wait for it, stop it, or use another folder with --data"
            ) from None
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, b"%d\n" % os.getpid(), 0)

    def close(self) -> None:
        """Let go. The file stays: removing it would let two holders lock two different files."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

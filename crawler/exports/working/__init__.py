"""An export while it grows: a folder beside the target that outlives a death, and from which it goes on.

Parts and the state lie in `.<name>.partial`. A part counts from the moment the state that tells of it has
taken its place, which is after its bytes are on disk; whatever a dead process wrote beyond is cut off.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from crawler.present import Json, dumps

STATE = "state.json"
KIND = "forbear-export-state/1"
RESTART = "--restart discards what was written and begins anew"


class ExportRefusedError(Exception):
    """The target is in use, or what was begun there cannot be gone on with; says what would help."""


class Working:
    """The folder of one export; held by one process at a time, which the kernel sees to."""

    def __init__(self, target: Path, *, restart: bool = False) -> None:
        self.folder = target.with_name(f".{target.name}.partial")
        self.folder.mkdir(parents=True, exist_ok=True)
        self._held = os.open(self.folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(self._held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._held)
            raise ExportRefusedError(
                f"{target} is being written by another process; wait for it, or name another place"
            ) from None
        if restart:
            self.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go. What was committed stays to be gone on with; a folder without any goes."""
        if not (self.folder / STATE).exists():
            shutil.rmtree(self.folder, ignore_errors=True)
        os.close(self._held)

    def path(self, name: str) -> Path:
        """A file of this folder."""
        return self.folder / name

    def load(self, order: Mapping[str, Any]) -> Json | None:
        """The state of an interrupted export of the same kind; None where there is none.

        Raises ExportRefusedError where something else was begun here.
        """
        try:
            state = json.loads((self.folder / STATE).read_bytes())
            if state["kind"] != KIND:
                raise ValueError(state["kind"])
            begun = dict(state["order"])
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ExportRefusedError(
                f"{self.folder / STATE}: cannot be gone on with ({error}); {RESTART}"
            ) from error
        for name, wanted in json.loads(dumps(dict(order))).items():
            if begun.get(name) != wanted:
                raise ExportRefusedError(
                    f"an export with {name} {_shown(begun.get(name))} was interrupted here, and this one has "
                    f"{_shown(wanted)}; repeat the first to complete it, or {RESTART}"
                )
        return dict(state)

    def save(self, order: Mapping[str, Any], state: Mapping[str, Any]) -> None:
        """Commit the state: the old one or the new one is there, whenever the process dies."""
        fresh = self.folder / f"{STATE}.new"
        with fresh.open("w", encoding="utf-8") as stream:
            stream.write(dumps({"kind": KIND, "order": dict(order), **state}) + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        fresh.replace(self.folder / STATE)
        os.fsync(self._held)

    def clear(self) -> None:
        """Discard everything in the folder, the state first, so that no death leaves half of it."""
        (self.folder / STATE).unlink(missing_ok=True)
        for path in self.folder.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()


def _shown(value: Any) -> str:
    return dumps(value)[:200]

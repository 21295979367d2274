"""How far a dataset export has come: whole parts, and the documents that are in them."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from crawler.exports.dataset.model import ExportFile
from crawler.exports.working import Working
from crawler.present import Json, moment

NEW, OLD = "new", "old"


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """An export between two parts."""

    moment: datetime
    """When it began, which an interruption does not change."""
    as_of: int
    """The last decision of the record then."""
    mark: str
    """By what that decision is known again."""
    after: int = 0
    """The decision of the last document in a whole part."""
    bytes: int = 0
    """Of the bodies in whole parts."""
    first: datetime | None = None
    last: datetime | None = None
    """When the first and the last document of whole parts were kept."""
    crawls: tuple[int, ...] = ()
    """Crawls the documents are from."""
    files: tuple[ExportFile, ...] = ()
    """Whole parts."""
    written: bool = False
    """Whether only the folder's place is still to be taken."""


class Growing:
    """The parts of an export in its working folder, committed one at a time."""

    def __init__(self, working: Working, order: Mapping[str, Any]) -> None:
        self._working = working
        self._order = order
        self.parts = working.path(NEW)
        self.aside = working.path(OLD)

    def interrupted(self) -> Progress | None:
        """How far an interrupted export came; None where there is none. Raises ExportRefusedError."""
        found = self._working.load(self._order)
        return None if found is None else _progress(found)

    def prepare(self, progress: Progress) -> None:
        """Make the folder, without anything but whole parts."""
        if progress.written:
            return
        if not progress.files:
            self._working.clear()
        self.parts.mkdir(exist_ok=True)
        whole = {file.name for file in progress.files}
        for path in self.parts.iterdir():
            if path.name not in whole:
                path.unlink()
        self.save(progress)

    def save(self, progress: Progress) -> None:
        """Commit how far the export has come; its parts are on disk."""
        self._working.save(self._order, _keys(progress))

    def take_place(self, target: Path) -> None:
        """Put the folder where it was asked for; repeated after a death it does what is left to do."""
        if self.parts.exists():
            if target.exists():
                shutil.rmtree(self.aside, ignore_errors=True)
                target.rename(self.aside)
            try:
                self.parts.rename(target)
            except OSError:
                if self.aside.exists():
                    self.aside.rename(target)
                raise

    def abandon(self) -> None:
        """Leave nothing where an error stopped the export before a part was whole."""
        found = self.interrupted()
        if found is None or not found.files:
            self._working.clear()

    def done(self) -> None:
        """Nothing of the way there is needed any more."""
        self._working.clear()


def _keys(progress: Progress) -> Json:
    found = asdict(progress) | {"files": [asdict(file) for file in progress.files]}
    return {name: moment(v) if isinstance(v, datetime) else v for name, v in found.items()}


def _progress(keys: Mapping[str, Any]) -> Progress:
    known = {name: keys[name] for name in Progress.__slots__}
    for name in ("moment", "first", "last"):
        known[name] = None if known[name] is None else datetime.fromisoformat(known[name])
    files = tuple(ExportFile(**file) for file in known.pop("files"))
    return replace(Progress(**known | {"crawls": tuple(known["crawls"])}), files=files)

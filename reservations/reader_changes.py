"""What the readers read differently since earlier ones: numbered data that explains why old decisions change.

A change that can alter a statement, an unknown or what is asked for gets the next number in
`data/reader_changes.json`; the last number is the version of this release's readers, which every
crawl records. Pure.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from reservations.model import Reason

EVERY = "*"
"""As a protocol: the change touches all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderChange:
    """One change of the readers."""

    version: int
    """Version of the readers that read so first; dense from 1."""
    since: str
    """Day of the change: YYYY-MM-DD."""
    protocol: str
    """The protocol whose reasons come out otherwise, or EVERY."""
    codes: tuple[str, ...]
    """Dotted beginnings of further reason codes that it explains."""
    changed: str
    """What changed, in a sentence or two."""

    def explains(self, reason: Reason) -> bool:
        """Whether a reason that came or went may be due to this change."""
        if self.protocol in (EVERY, reason.protocol):
            return True
        return any(reason.code == code or reason.code.startswith(code + ".") for code in self.codes)


@cache
def reader_changes() -> tuple[ReaderChange, ...]:
    """Every change, the oldest first."""
    text = files("reservations").joinpath("data", "reader_changes.json").read_text("utf-8")
    return tuple(
        ReaderChange(**(change | {"codes": tuple(change["codes"])})) for change in json.loads(text)["changes"]
    )


@cache
def reader_version() -> int:
    """The version of this release's readers."""
    return reader_changes()[-1].version


def explaining(recorded: int, before: Iterable[Reason], after: Iterable[Reason]) -> tuple[ReaderChange, ...]:
    """The changes since the readers of version `recorded` that may have made reasons come or go.

    Empty where none can have: then it is not the readers that read otherwise.
    """
    differing = set(before) ^ set(after)
    return tuple(
        change
        for change in reader_changes()
        if change.version > recorded and any(change.explains(reason) for reason in differing)
    )

"""What verifying a log may find. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from reservations.reader_changes import ReaderChange


class What(StrEnum):
    """What does not fit, the cause before what follows from it."""

    MISSING = "missing"
    RECORD = "record"
    COMMITMENT = "commitment"
    EVIDENCE = "evidence"
    STORED = "stored"
    DERIVED = "derived"
    REPLAY = "replay"
    ENTRIES = "entries"
    TILE = "tile"
    CHECKPOINT = "checkpoint"


ORDER = {what: number for number, what in enumerate(What)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is not as it was logged."""

    what: What
    entry: int | None
    """The first entry concerned; None where it is about the log as a whole."""
    text: str
    explained_by: tuple[ReaderChange, ...] = ()
    """Changes of the readers since a decision was recorded that may be why it comes out differently."""

    @property
    def order(self) -> tuple[bool, int, int]:
        """By entry, the cause first."""
        return self.entry is None, self.entry or 0, ORDER[self.what]


def meaning(what: What) -> str:
    """What a kind of finding says, in words."""
    match what:
        case What.MISSING:
            return "an entry or its decision is missing"
        case What.RECORD:
            return "the record cannot be read"
        case What.COMMITMENT:
            return "the record is not the one that was logged"
        case What.EVIDENCE:
            return "stored evidence was altered"
        case What.STORED:
            return "a WARC file was altered"
        case What.DERIVED:
            return "a row does not say what the decisions say that it follows from"
        case What.REPLAY:
            return "judged again it comes out differently"
        case What.ENTRIES:
            return "a published bundle of entries was altered"
        case What.TILE:
            return "a published tile was altered"
        case What.CHECKPOINT:
            return "a checkpoint does not fit the log"
        case _:
            assert_never(what)

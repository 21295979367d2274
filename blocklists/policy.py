"""Which entries count: ground, jurisdiction, kind of recognition, status, and dates. One small table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import assert_never

from blocklists.model import Entry, RecognitionKind, Status

COPYRIGHT = "copyright"

_EEA = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK"
EEA = frozenset(_EEA.split())
"""The Code of Practice asks for recognition by courts and authorities of the EU and the EEA."""

DEFAULT_KINDS = frozenset(
    {
        RecognitionKind.STRUCTURAL_INFRINGEMENT,
        RecognitionKind.SITE_BLOCK_INJUNCTION,
        RecognitionKind.ADMINISTRATIVE_ORDER,
    }
)
Switch = tuple[RecognitionKind, str]
"""A kind, and the jurisdiction it is switched in; empty: everywhere."""
DEFAULT_STATUSES = frozenset({Status.ACTIVE, Status.TERM_UNKNOWN})


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPolicy:
    """What an operator lets the lists decide. Orders bind only at home; by default all of them count."""

    jurisdictions: frozenset[str] = EEA | {"EU"}
    kinds: frozenset[RecognitionKind] = DEFAULT_KINDS
    statuses: frozenset[Status] = DEFAULT_STATUSES
    also: frozenset[Switch] = frozenset()
    """Kinds that count in one jurisdiction though `kinds` leaves them out."""
    ignored: frozenset[Switch] = frozenset()
    """Kinds that do not count in one jurisdiction though `kinds` has them."""

    def counts(self, kind: RecognitionKind, jurisdiction: str) -> bool:
        """Whether recognitions of this kind count in this jurisdiction."""
        switch = (kind, jurisdiction)
        return switch in self.also or (kind in self.kinds and switch not in self.ignored)

    def switched(self, count: Iterable[str] = (), ignore: Iterable[str] = ()) -> ListPolicy:
        """This policy with kinds switched on and off, everywhere or in one state: `live_event:IT`.

        Raises ValueError, which says what may be written.
        """
        on, off = map(read_switches, (count, ignore))
        return replace(
            self,
            kinds=(self.kinds | {kind for kind, where in on if not where})
            - {kind for kind, where in off if not where},
            also=self.also | {switch for switch in on if switch[1]},
            ignored=self.ignored | {switch for switch in off if switch[1]},
        )

    def objection(self, entry: Entry, at: date) -> str:
        """Why this entry does not count on that day; empty if it does."""
        if not is_copyright(entry.legal_ground):
            return f"the legal ground is not copyright but {entry.legal_ground or 'unknown'}"
        if entry.jurisdiction not in self.jurisdictions:
            return f"jurisdiction {entry.jurisdiction} is switched off"
        if not self.counts(entry.recognition_kind, entry.jurisdiction):
            return f"{entry.recognition_kind} is switched off: {justification(entry.recognition_kind)}"
        day = day_of(at)
        status = entry.status_on(day)
        if status not in self.statuses:
            return f"its status is {status}"
        return _out_of_time(entry, day)


def read_switches(texts: Iterable[str]) -> tuple[Switch, ...]:
    """Switches as they are written, `live_event` or `live_event:IT`; ValueError where one is neither."""
    found = []
    for text in texts:
        kind, _, where = text.partition(":")
        if kind not in tuple(RecognitionKind) or (where and not (len(where) == 2 and where.isalpha())):
            kinds = ", ".join(RecognitionKind)
            raise ValueError(f"{text!r}: write a kind, or kind:CC for one state; kinds are {kinds}")
        found.append((RecognitionKind(kind), where.upper()))
    return tuple(found)


def is_copyright(legal_ground: str) -> bool:
    """Whether a ground is copyright. A statute may follow the word: `copyright: Section 60c`."""
    words = legal_ground.casefold().split(maxsplit=1)
    return bool(words) and words[0].rstrip(":,;") == COPYRIGHT


def day_of(at: date) -> date:
    """The day in UTC of a date or a time. Python refuses to compare a `datetime` with a `date`."""
    if not isinstance(at, datetime):
        return at
    return (at.astimezone(UTC) if at.tzinfo else at).date()


def justification(kind: RecognitionKind) -> str:
    """Why entries of this kind count or do not count by default, in a sentence for reports."""
    match kind:
        case RecognitionKind.STRUCTURAL_INFRINGEMENT:
            return "the body found that the site infringes persistently"
        case RecognitionKind.SITE_BLOCK_INJUNCTION:
            return "a court ordered access to the site blocked"
        case RecognitionKind.ADMINISTRATIVE_ORDER:
            return "an authority ordered access to the site blocked"
        case RecognitionKind.LIVE_EVENT:
            return "blocks for the length of a broadcast often name addresses that many sites share"
        case RecognitionKind.SINGLE_WORK:
            return "a decision about single works says nothing about the rest of the site"
        case RecognitionKind.SELF_REGULATORY:
            return "an agreement among companies is not a decision of a court or an authority"
        case RecognitionKind.WATCH_LIST:
            return "a watch list states that it makes no findings of legal violations"
        case RecognitionKind.UNKNOWN:
            return "nothing says what was recognised"
        case _:
            assert_never(kind)


def _out_of_time(entry: Entry, day: date) -> str:
    start = entry.valid_from or entry.decided_on
    if start is not None and day < start:
        return f"in force only from {start}"
    if entry.valid_to is not None and day > entry.valid_to:
        return f"in force only until {entry.valid_to}"
    return ""

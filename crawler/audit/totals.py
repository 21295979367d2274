"""Counting what an audit found, in bounded memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from crawler.audit.model import AuditRow, Judged, Trouble

MAX_KEYS = 10_000
SHOWN = 20
"""Troubles that are told one by one."""


@dataclass(slots=True)
class Counted:
    """URLs of one verdict and reason."""

    example: str
    urls: int = 0
    bytes: int = 0
    unmeasured: int = 0


class Totals:
    """What an audit came to."""

    def __init__(self) -> None:
        self.reasons: dict[tuple[Judged, str], Counted] = {}
        self.missing: Counter[str] = Counter()
        self.troubles: list[Trouble] = []
        self.more_troubles = 0
        self.urls = 0
        self.fetched = 0
        """Verdicts that rest on files of today."""

    def add(self, row: AuditRow) -> None:
        """Count a verdict."""
        self.urls += 1
        self.fetched += row.files == "today"
        key = (row.verdict, row.reason)
        if key not in self.reasons and len(self.reasons) >= MAX_KEYS:
            key = (row.verdict, "other")
        counted = self.reasons.setdefault(key, Counted(row.page.url))
        counted.urls += 1
        counted.bytes += row.page.bytes or 0
        counted.unmeasured += row.page.bytes is None
        self.missing.update(row.missing)

    def trouble(self, trouble: Trouble) -> None:
        """Count a place that could not be read."""
        if len(self.troubles) < SHOWN:
            self.troubles.append(trouble)
        else:
            self.more_troubles += 1

    def of(self, verdict: Judged) -> Iterator[tuple[str, Counted]]:
        """Reasons of a verdict, the most frequent first."""
        found = [(reason, counted) for (v, reason), counted in self.reasons.items() if v is verdict]
        yield from sorted(found, key=lambda item: (-item[1].urls, item[0]))

    def number(self, verdict: Judged) -> int:
        """URLs of a verdict."""
        return sum(counted.urls for _, counted in self.of(verdict))

"""Counting what other terms change, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from crawler.impact.model import Change, ImpactRow, Redecided

MAX_DOMAINS = 100_000
"""Domains counted at a time; beyond, the half with the fewest URLs is dropped and counts of the rest are
lower bounds."""
MAX_CAUSES = 10_000
_NOT_TOLD = frozenset({Change.SAME, Change.READERS, Change.NOT_JUDGED})
"""Changes that say nothing about a domain."""


@dataclass(slots=True)
class _Count:
    example: str
    urls: int = 0
    bytes: int = 0
    unmeasured: int = 0

    def add(self, item: Redecided) -> None:
        self.urls += 1
        self.bytes += item.bytes or 0
        self.unmeasured += item.bytes is None

    def row(self, by: str, change: Change, key: str) -> ImpactRow:
        return ImpactRow(
            by=by,
            change=change,
            key=key,
            urls=self.urls,
            bytes=self.bytes,
            unmeasured=self.unmeasured,
            example=self.example,
        )


_Counts = dict[tuple[Change, str], _Count]


class Totals:
    """URLs and bytes by change, and of each change by reason, by what is missing, and by domain."""

    def __init__(self) -> None:
        self._total: _Counts = {}
        self._reasons: _Counts = {}
        self._missing: _Counts = {}
        self._domains: _Counts = {}
        self.urls = 0
        self.dropped = False
        """Whether there were more domains than are counted at a time."""

    def add(self, item: Redecided) -> None:
        """Count one URL."""
        self.urls += 1
        _add(self._total, (item.change, ""), item)
        if item.change is Change.SAME:
            return
        if len(self._reasons) < MAX_CAUSES or (item.change, item.cause) in self._reasons:
            _add(self._reasons, (item.change, item.cause), item)
        for kind in item.missing:
            _add(self._missing, (item.change, kind), item)
        if item.change not in _NOT_TOLD:
            _add(self._domains, (item.change, item.domain), item)
            if len(self._domains) > MAX_DOMAINS:
                self._drop()

    def rows(self, top: int) -> Iterator[ImpactRow]:
        """Totals in the order of Change, then reasons, what is missing, and `top` domains of each change."""
        for change in Change:
            count = self._total.get((change, ""))
            yield (count or _Count("")).row("total", change, "")
        yield from _rows("reason", self._reasons)
        yield from _rows("missing", self._missing)
        for change in Change:
            of_it = {key: count for key, count in self._domains.items() if key[0] is change}
            yield from list(_rows("domain", of_it))[:top]

    def _drop(self) -> None:
        self.dropped = True
        kept = sorted(self._domains.items(), key=lambda item: -item[1].urls)[: MAX_DOMAINS // 2]
        self._domains = dict(kept)


def _add(counts: _Counts, key: tuple[Change, str], item: Redecided) -> None:
    count = counts.get(key)
    if count is None:
        count = counts[key] = _Count(item.url)
    count.add(item)


def _rows(by: str, counts: _Counts) -> Iterator[ImpactRow]:
    order = {change: number for number, change in enumerate(Change)}
    for (change, key), count in sorted(
        counts.items(), key=lambda item: (order[item[0][0]], -item[1].urls, item[0][1])
    ):
        yield count.row(by, change, key)

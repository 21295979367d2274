"""The sums over sites and folders of an invented record, added up as it is made: much faster than from it.

It holds for records as `bench.filling` makes them: a page comes out alike each time, and is kept once.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, insert

from bench.scenes import SIZE, PageCase
from crawler.store.columns import iso
from crawler.store.queries.folders import LARGE, MARK, folders, site_key
from crawler.store.queries.sums import HOUR, DecisionSum, DocumentSum, HourSum, PageSum
from crawler.store.summary import counted, hour_decisions, site_decisions, site_documents, site_pages


class Sums:
    """Adds decisions up, by host, by page and by hour."""

    def __init__(self) -> None:
        self._decisions: dict[tuple[Any, ...], DecisionSum] = {}
        self._pages: dict[tuple[Any, ...], PageSum] = {}
        self._documents: dict[tuple[Any, ...], DocumentSum] = {}
        self._hours: dict[tuple[Any, ...], HourSum] = {}
        self._upto = 0

    def decided(self, number: int, host: str, lookup_key: str, case: PageCase, when: datetime) -> None:
        """A decision; they come in their order."""
        self._upto = number
        made = case.decision
        for place in _places(lookup_key):
            key = (place, made.stage.value, made.verdict.value, made.reason, 1)
            known = self._decisions.get(key)
            if known is None:
                known = DecisionSum(host=host, decisions=0, first=when, last=when, last_id=number)
                self._decisions[key] = known
                self._pages[place, made.verdict.value, made.reason] = PageSum(pages=0, first=when, last=when)
            known.decisions += 1
            known.last, known.last_id = when, number
            self._pages[place, made.verdict.value, made.reason].last = when
        hour = (iso(when)[:HOUR],)
        of_hour = self._hours.get(hour)
        if of_hour is None:
            of_hour = self._hours[hour] = HourSum(decisions=0, first_id=number, last_id=number)
        of_hour.decisions += 1
        of_hour.last_id = number

    def met(self, lookup_key: str, case: PageCase) -> None:
        """A page was decided about for the first time; its decision has been added."""
        for place in _places(lookup_key):
            self._pages[place, case.decision.verdict.value, case.decision.reason].pages += 1

    def kept(self, lookup_key: str, when: datetime) -> None:
        """A document was kept."""
        for place in _places(lookup_key):
            known = self._documents.get((place,))
            if known is None:
                known = DocumentSum(kept=0, bytes=0, pages=0, first=when, last=when, withdrawn=None)
                self._documents[place,] = known
            known.kept += 1
            known.bytes += SIZE
            known.pages += 1
            known.last = when

    def write(self, connection: Connection) -> None:
        """Write the sums, and how far they reach."""
        totals = Counter[str]()
        for key, value in self._decisions.items():
            totals[key[0]] += value.decisions
        small = {place for place, number in totals.items() if place.startswith(MARK) and number < LARGE}
        for table, sums in (
            (site_decisions, self._decisions),
            (site_pages, self._pages),
            (site_documents, self._documents),
            (hour_decisions, self._hours),
        ):
            rows = [_row(table, key, value) for key, value in sums.items() if key[0] not in small]
            if rows:
                connection.execute(insert(table), rows)
        connection.execute(insert(counted), {"id": 1, "upto": self._upto, "folders": self._upto})


def _places(lookup_key: str) -> tuple[str, ...]:
    return (site_key(lookup_key), *folders(lookup_key))


def _row(table: Table, key: tuple[Any, ...], value: Any) -> dict[str, Any]:
    names = (column.name for column in table.primary_key)
    return dict(zip(names, key, strict=True)) | {name: getattr(value, name) for name in value.__slots__}

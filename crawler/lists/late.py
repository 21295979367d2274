"""Late discovery: pages we hold from a host that was listed when we fetched them, as we learned later.

They are withdrawn, with a decision of their own that names the entry, and reported. A host listed only
since then is another matter: at the time of the crawl nobody had named it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from blocklists.index import Index
from blocklists.model import Hit
from crawler.gate import Case, Terms, judge
from crawler.store.queries.lists import Stored
from crawler.store.record import Record
from crawler.store.withdrawal import withdraw
from crawler.store.writer import Writer
from reservations.model import Stage

_REASON = "listed when it was fetched, learned later"


@dataclass(frozen=True, slots=True, kw_only=True)
class Late:
    """One document that should not have been fetched, had we known."""

    document: Stored
    hits: tuple[Hit, ...]

    @property
    def entry(self) -> str:
        """The entry that names it."""
        return self.hits[0].entry.entry_id


def discover_late(index: Index, documents: Iterable[Stored]) -> tuple[Late, ...]:
    """The documents whose host was listed, by law, on the day they were fetched."""
    return tuple(
        Late(document=document, hits=hits)
        for document in documents
        if (hits := index.lookup(document.url, document.kept_at))
    )


async def quarantine_late(
    late: Iterable[Late], *, record: Record, writer: Writer, terms: Terms, now: datetime
) -> int:
    """Withdraw the documents, and record why; how many were withdrawn."""
    ids = []
    for each in late:
        case = Case(url=each.document.url, stage=Stage.RECHECK, decided_at=now, hits=each.hits)
        record.decide(judge(case, terms))
        ids.append(each.document.decision_id)
        await writer.room()
    return await writer.call(lambda connection: withdraw(connection, ids, now, _REASON)) if ids else 0

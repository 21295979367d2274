"""The last decision about the page of each of some documents: why they are taken back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from crawler.store.schema import decision, document
from reservations.model import Stage

CHUNK = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class LastDecision:
    """What was decided last about a document's page."""

    id: int
    decided_at: datetime
    stage: str
    verdict: str
    reason: str


def last_decisions(connection: Connection, documents: Sequence[int]) -> dict[int, LastDecision]:
    """The last decisions about the pages of documents, which are named by the decisions that kept them."""
    last = decision.alias("last")
    settled = (
        select(last.c.id)
        .where(last.c.url_hash == document.c.url_hash, last.c.stage != Stage.FRONTIER.value)
        .order_by(last.c.id.desc())
        .limit(1)
        .correlate(document)
        .scalar_subquery()
    )
    columns = [decision.c[name] for name in LastDecision.__slots__]
    found: dict[int, LastDecision] = {}
    for start in range(0, len(documents), CHUNK):
        rows = connection.execute(
            select(document.c.decision_id, *columns)
            .select_from(document.join(decision, decision.c.id == settled))
            .where(document.c.decision_id.in_(documents[start : start + CHUNK]))
        )
        for number, *values in rows:
            found[number] = LastDecision(**dict(zip(LastDecision.__slots__, values, strict=True)))
    return found

"""What was kept at an earlier time: the record as it stood after one of its decisions."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, select

from crawler.store.schema import decision, document
from reservations.model import Stage, Verdict


def latest_verdict(upto: int | None = None) -> ScalarSelect[Any]:
    """The last verdict about a document's URL, of the decisions up to a number.

    What was settled at the frontier is a bound of one crawl, and says nothing about the document.
    """
    last = decision.alias("last_of_url")
    query = select(last.c.verdict).where(
        last.c.url_hash == document.c.url_hash, last.c.stage != Stage.FRONTIER.value
    )
    if upto is not None:
        query = query.where(last.c.id <= upto)
    return query.order_by(last.c.id.desc()).limit(1).correlate(document).scalar_subquery()


def was_kept(upto: int, at: datetime) -> ColumnElement[bool]:
    """The document was kept after decision `upto`, and not withdrawn by `at`."""
    later = document.alias("later_of_url")
    replaced = (
        select(later.c.decision_id)
        .where(
            later.c.url_hash == document.c.url_hash,
            later.c.decision_id > document.c.decision_id,
            later.c.decision_id <= upto,
        )
        .correlate(document)
        .exists()
    )
    withdrawn = document.c.withdrawn_at.is_not(None) & (document.c.withdrawn_at <= at)
    return (
        (document.c.decision_id <= upto)
        & ~withdrawn
        & ~replaced
        & (latest_verdict(upto) == Verdict.KEEP.value)
    )

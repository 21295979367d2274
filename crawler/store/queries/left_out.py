"""Documents that are held and in no export now, and why: a later decision, or a withdrawal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, func, literal, select

from crawler.store.places import key_range, lookup_key
from crawler.store.queries.documents import DocumentFilter
from crawler.store.schema import decision, document
from reservations.model import Stage, Verdict

WITHDRAWN = "withdrawn"
"""What stands in place of a verdict where a document was withdrawn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """How many documents are left out for one reason."""

    verdict: str
    """The last one about their pages, `exclude` or `defer`; or `withdrawn`."""
    reason: str
    """The code of the last decision; empty for what was withdrawn."""
    documents: int


def left_out(connection: Connection, wanted: DocumentFilter) -> tuple[LeftOut, ...]:
    """The documents of a filter that are not kept now, most first; the last one of each page counts."""
    last = decision.alias("last")
    settled = (
        select(last.c.id)
        .where(last.c.url_hash == document.c.url_hash, last.c.stage != Stage.FRONTIER.value)
        .order_by(last.c.id.desc())
        .limit(1)
        .correlate(document)
        .scalar_subquery()
    )
    group = (decision.c.verdict, decision.c.reason)
    held = (document.c.withdrawn_at.is_(None), decision.c.verdict != Verdict.KEEP.value)
    by_decision = (
        select(*group, func.count().label("documents"))
        .select_from(document.join(decision, decision.c.id == settled))
        .where(*held, *_conditions(wanted))
        .group_by(*group)
    )
    withdrawn = select(
        literal(WITHDRAWN).label("verdict"), literal("").label("reason"), func.count().label("documents")
    ).select_from(document)
    withdrawn = withdrawn.where(document.c.withdrawn_at.is_not(None), *_conditions(wanted))
    rows = (row for query in (by_decision, withdrawn) for row in connection.execute(query))
    found = [LeftOut(**row._mapping) for row in rows if row.documents]
    return tuple(sorted(found, key=lambda row: (row.verdict, -row.documents, row.reason)))


def _conditions(wanted: DocumentFilter) -> Iterator[ColumnElement[bool]]:
    later = document.alias("later")
    yield ~(
        select(later.c.decision_id)
        .where(later.c.url_hash == document.c.url_hash, later.c.decision_id > document.c.decision_id)
        .correlate(document)
        .exists()
    )
    if wanted.domain is not None:
        yield document.c.domain == wanted.domain
    if wanted.media_type is not None:
        yield document.c.media_type == wanted.media_type
    if wanted.url_prefix is not None:
        start, end = key_range(lookup_key(wanted.url_prefix))
        by = decision.alias("by")
        within = (by.c.lookup_key >= start) & (by.c.lookup_key < end)
        yield document.c.decision_id.in_(select(by.c.id).where(within))

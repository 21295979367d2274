"""The personal data of complaints that are closed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Row, func, select

from crawler.retention.holds import About, held_by
from crawler.retention.model import Candidate
from crawler.store.desk import complaint, complaint_decision
from crawler.store.retention.complaints import empty_complaints
from crawler.store.retention.rule import Due, Rule, paged
from crawler.store.schema import decision


def _candidates(connection: Connection, due: Due) -> Iterator[Sequence[Candidate]]:
    def candidate(row: Row[Any]) -> Candidate:
        held = held_by(due.holds, *complaint_abouts(connection, row))
        return Candidate(key=row.id, bytes=row.size, at=row.closed_at, held=held)

    c = complaint.c
    size = func.length(c.content) + func.length(c.subjects) + func.length(c.name) + func.length(c.contact)
    columns = select(c.id, c.domain, c.subjects, c.closed_at, size.label("size"))
    return paged(connection, columns.where(c.closed_at < due.before, size > 0), c.id, candidate)


def complaint_abouts(connection: Connection, row: Row[Any]) -> list[About]:
    """What a complaint is about: its site, the addresses in it, the crawls of the decisions tied to it."""
    crawls = connection.scalars(
        select(decision.c.crawl_id)
        .join(complaint_decision, complaint_decision.c.decision_id == decision.c.id)
        .where(complaint_decision.c.complaint_id == row.id)
        .distinct()
    )
    site = About(host=row.domain, words=row.subjects)
    return [site, *(About(crawl=number) for number in crawls)]


RULE = Rule(
    name="complaints",
    words="names, addresses and texts of complaints, after they were closed",
    candidates=_candidates,
    remove=lambda connection, removal: empty_complaints(connection, removal.keys),
    batch=100,
)

"""The audit trail: who looked at what, and who changed what."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Row, select

from crawler.retention.holds import About, held_by
from crawler.retention.model import Candidate
from crawler.store.desk import audit
from crawler.store.retention.rows import delete_rows, row_bytes
from crawler.store.retention.rule import Due, Rule, paged


def _candidates(connection: Connection, due: Due) -> Iterator[Sequence[Candidate]]:
    def candidate(row: Row[Any]) -> Candidate:
        held = held_by(due.holds, About(words=row.subject))
        return Candidate(key=row.id, bytes=len(row_bytes(row)), at=row.happened_at, held=held)

    # Holds, removals and backups stay in the trail: they explain what is not there any more.
    old = select(audit).where(audit.c.happened_at < due.before, ~audit.c.action.startswith("store "))
    return paged(connection, old, audit.c.id, candidate)


RULE = Rule(
    name="audit",
    words="rows of the audit trail; acts of `forbear store` stay",
    candidates=_candidates,
    remove=lambda connection, removal: delete_rows(connection, audit, removal.keys),
)

"""Claims to a domain that have expired."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Row, select

from crawler.retention.holds import About, held_by
from crawler.retention.model import Candidate
from crawler.store.desk import ownership
from crawler.store.retention.rows import delete_rows, row_bytes
from crawler.store.retention.rule import Due, Rule, paged


def _candidates(connection: Connection, due: Due) -> Iterator[Sequence[Candidate]]:
    def candidate(row: Row[Any]) -> Candidate:
        held = held_by(due.holds, About(host=row.domain))
        return Candidate(key=row.id, bytes=len(row_bytes(row)), at=row.expires_at, held=held)

    old = select(ownership).where(ownership.c.expires_at < due.before)
    return paged(connection, old, ownership.c.id, candidate)


RULE = Rule(
    name="ownership",
    words="proofs that somebody owns a domain, after they expired",
    candidates=_candidates,
    remove=lambda connection, removal: delete_rows(connection, ownership, removal.keys),
)

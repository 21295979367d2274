"""The trail of exports: by whom, of what, with which digests."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Row, select

from blocklists.hostnames import canonical_host
from crawler.retention.holds import About, held_by
from crawler.retention.model import Candidate
from crawler.store.retention.rows import delete_rows, row_bytes
from crawler.store.retention.rule import Due, Rule, paged
from crawler.store.schema import export

_SITES = ("domain", "host", "prefix", "url", "subject")


def _candidates(connection: Connection, due: Due) -> Iterator[Sequence[Candidate]]:
    def candidate(row: Row[Any]) -> Candidate:
        held = held_by(due.holds, *_about(row.filter))
        return Candidate(key=row.id, bytes=len(row_bytes(row)), at=row.made_at, held=held)

    old = select(export).where(export.c.made_at < due.before)
    return paged(connection, old, export.c.id, candidate)


def _about(text: str) -> tuple[About, ...]:
    """The sites an export was asked for; without any it may have had whatever is held."""
    wanted = json.loads(text)
    named = [str(wanted[key]) for key in _SITES if wanted.get(key)]
    if not named:
        return (About(everything=True),)
    return tuple(About(host=canonical_host(name) or "", url=name, words=name) for name in named)


RULE = Rule(
    name="exports",
    words="rows of the trail of exports",
    candidates=_candidates,
    remove=lambda connection, removal: delete_rows(connection, export, removal.keys),
)

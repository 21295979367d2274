"""Old versions of robots.txt and the other files of a site."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection

from crawler.retention.model import Candidate, Taken
from crawler.store.retention.erasing import empty_evidence, evidence_places
from crawler.store.retention.marks import location_kinds
from crawler.store.retention.pieces import pieces
from crawler.store.retention.rule import Due, Removal, Rule

NAME = "location_files"


def _candidates(connection: Connection, due: Due) -> Iterator[Sequence[Candidate]]:
    return pieces(connection, due, NAME, lambda kind: kind in location_kinds())


def _remove(connection: Connection, removal: Removal) -> Taken:
    items = empty_evidence(connection, removal.keys)
    return Taken(items=(*items, *evidence_places(connection, removal.keys)), rows=len(items))


RULE = Rule(
    name=NAME,
    words="earlier versions of robots.txt and other files of a site, on which no kept page rests",
    candidates=_candidates,
    remove=_remove,
    batch=2000,
)

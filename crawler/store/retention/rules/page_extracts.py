"""What was taken out of pages that are not kept: elements with signals, metadata of images and PDF."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection

from crawler.retention.model import Candidate, Taken
from crawler.store.retention.erasing import empty_evidence
from crawler.store.retention.marks import location_kinds
from crawler.store.retention.pieces import pieces
from crawler.store.retention.rule import Due, Removal, Rule
from reservations.model import RESPONSE

NAME = "page_extracts"


def _is_extract(kind: str) -> bool:
    return kind != RESPONSE and kind not in location_kinds()


def _candidates(connection: Connection, due: Due) -> Iterator[Sequence[Candidate]]:
    return pieces(connection, due, NAME, _is_extract)


def _remove(connection: Connection, removal: Removal) -> Taken:
    items = empty_evidence(connection, removal.keys)
    return Taken(items=items, rows=len(items))


RULE = Rule(
    name=NAME,
    words="signal extracts of pages that are not kept; their decisions cannot be judged again",
    candidates=_candidates,
    remove=_remove,
)

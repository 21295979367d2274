"""Bodies of kept documents whose time is over: the record in the WARC file goes, its row says when."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Row, select

from crawler.retention.holds import About, held_by
from crawler.retention.model import Candidate, Taken
from crawler.store.places import site_of
from crawler.store.retention.erasing import document_places
from crawler.store.retention.rule import Due, Removal, paged
from crawler.store.retention.tables import removed
from crawler.store.schema import document
from crawler.store.withdrawal import withdraw


def aged(
    connection: Connection, due: Due, since: Column[Any], *conditions: ColumnElement[bool]
) -> Iterator[Sequence[Candidate]]:
    """Documents whose body is still there, and for which the time in a column is long ago."""

    def candidate(row: Row[Any]) -> Candidate:
        url = row.url.partition("#")[0]
        held = held_by(due.holds, About(host=site_of(url).host, url=url, crawl=row.crawl_id))
        return Candidate(key=row.decision_id, bytes=row.warc_length, at=row.since, held=held)

    c = document.c
    gone = (
        select(removed.c.id)
        .where(removed.c.warc_file == c.warc_file, removed.c.warc_offset == c.warc_offset)
        .exists()
    )
    columns = select(c.decision_id, c.url, c.crawl_id, c.warc_length, since.label("since"))
    old = columns.where(since < due.before, ~gone, *conditions)
    return paged(connection, old, c.decision_id, candidate)


def remove_bodies(connection: Connection, removal: Removal) -> Taken:
    """Take documents back, if they were not already, and their bodies out of the files."""
    items = document_places(connection, removal.keys)
    withdraw(connection, removal.keys, removal.when, f"retention: its body was kept for {removal.days} days")
    return Taken(items=items, rows=len(items))

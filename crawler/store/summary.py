"""Sums over decisions and documents, so that a site of a million pages is looked up as fast as one of ten.

Sums are kept of every host, and of folders with many decisions (`crawler.store.queries.folders`).

They are kept by `crawler.store.tallies`, hold nothing that the record does not, and can be made again
from it at any time.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Integer, Table, Text

from crawler.store.columns import ROW_ID, SORTABLE, Hostile, Moment
from crawler.store.metadata import metadata


def _site() -> Column[Any]:
    comment = "as lookup_key begins: reversed host; or, behind a slash, reversed host and folder"
    return Column("site", SORTABLE, primary_key=True, comment=comment)


def _sum(name: str, comment: str | None = None) -> Column[Any]:
    return Column(name, ROW_ID, nullable=False, comment=comment)


def _moment(name: str) -> Column[Any]:
    return Column(name, Moment, nullable=False)


counted = Table(
    "counted",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False, comment="1: there is one row"),
    _sum("upto", "the last decision that is in the sums"),
    Column(
        "folders",
        ROW_ID,
        nullable=False,
        server_default="0",
        comment="the last decision whose folders were looked at",
    ),
)

site_decisions = Table(
    "site_decisions",
    metadata,
    _site(),
    Column("stage", Text, primary_key=True),
    Column("verdict", Text, primary_key=True),
    Column("reason", Text, primary_key=True),
    Column("identity_id", ROW_ID, primary_key=True, autoincrement=False),
    Column("host", Hostile(300), nullable=False),
    _sum("decisions"),
    _moment("first"),
    _moment("last"),
    _sum("last_id", "the newest of these decisions"),
)

site_pages = Table(
    "site_pages",
    metadata,
    _site(),
    Column("verdict", Text, primary_key=True),
    Column("reason", Text, primary_key=True),
    _sum("pages"),
    _moment("first"),
    _moment("last"),
)

site_documents = Table(
    "site_documents",
    metadata,
    _site(),
    _sum("kept", "documents kept now"),
    _sum("bytes", "of these"),
    _sum("pages", "pages of which a copy was ever kept"),
    _moment("first"),
    _moment("last"),
    Column("withdrawn", Moment),
)

hour_decisions = Table(
    "hour_decisions",
    metadata,
    Column("hour", Text, primary_key=True, comment="UTC, as 2026-11-24T05"),
    _sum("decisions"),
    _sum("first_id"),
    _sum("last_id"),
)

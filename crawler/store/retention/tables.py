"""The tables of retention: holds, redactions, and one row for each thing a redaction took away.

A redaction stands in the place of what was removed: who, when, why, and the digest of it. It never holds
the content, nor the address of a page that was erased, of which only the hash is kept.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, ForeignKey, Index, String, Table, Text, text

from crawler.store.columns import ROW_ID, Hostile, Moment
from crawler.store.metadata import metadata

_SHA256 = String(64)
PENDING = text("done_at IS NULL")
"""Condition of the index on what is still to be overwritten in a file."""


def _id() -> Column[int]:
    return Column("id", ROW_ID, primary_key=True)


def _text(name: str, bound: int = 2000, *, nullable: bool = False) -> Column[Any]:
    return Column(name, Hostile(bound), nullable=nullable)


hold = Table(
    "hold",
    metadata,
    _id(),
    Column("kind", Text, nullable=False, comment="domain, url or crawl"),
    _text("subject", 16_384),
    _text("reason"),
    _text("placed_by", 300),
    Column("placed_at", Moment, nullable=False),
    _text("released_by", 300, nullable=True),
    Column("released_at", Moment, nullable=True),
    _text("release_reason", nullable=True),
)

redaction = Table(
    "redaction",
    metadata,
    _id(),
    Column("cause", Text, nullable=False, comment="request or retention"),
    Column("kind", Text, nullable=False, comment="what was asked to be removed, or the rule"),
    _text("actor", 300),
    _text("reason"),
    Column("removed_at", Moment, nullable=False),
    _text("host", 300, nullable=True),
    Column("url_hash", ROW_ID, nullable=True),
    _text("subject", 300, nullable=True),
    Column("rows", ROW_ID, nullable=False),
    Column("bytes", ROW_ID, nullable=False),
    Column("digest", _SHA256, nullable=False, comment="of the list of what was removed"),
    Column("position", ROW_ID, nullable=True, comment="of its entry in the log"),
    Index(None, "url_hash"),
    Index(None, "host"),
    Index(None, "position"),
)

removed = Table(
    "removed",
    metadata,
    _id(),
    Column("redaction_id", None, ForeignKey("redaction.id"), nullable=False),
    Column("what", Text, nullable=False, comment="evidence, head, warc, decision, complaint or rows"),
    Column("ref", Text, nullable=True, comment="by which it is found again"),
    Column("sha256", _SHA256, nullable=False, comment="of what was removed"),
    Column("bytes", ROW_ID, nullable=False),
    _text("warc_file", nullable=True),
    Column("warc_offset", ROW_ID),
    Column("warc_length", ROW_ID),
    Column("done_at", Moment, nullable=True, comment="when it was gone from its file too"),
    Index(None, "redaction_id"),
    Index(None, "what", "ref"),
    Index(None, "warc_file", "warc_offset"),
    Index("ix_removed_pending", "id", sqlite_where=PENDING, postgresql_where=PENDING),
)

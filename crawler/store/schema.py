"""The tables of the record, in names an auditor understands; one schema for SQLite and PostgreSQL.

JSON is kept as text in ASCII: PostgreSQL's own JSON types refuse what hostile text may hold
(https://www.postgresql.org/docs/current/datatype-json.html), and both databases can still query it.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    TextClause,
    UniqueConstraint,
    text,
)

from crawler.store.columns import ROW_ID, SORTABLE, Bytes, Hostile, Moment
from crawler.store.metadata import metadata

MAX_URL = 16_384
NOT_OF_A_PAGE = text("kind NOT IN ('response', 'html-signals')")
"""Condition of the index on observations: a query that wants to use it repeats this."""
WITHDRAWN = text("withdrawn_at IS NOT NULL")
IN_WARC = ("warc_file", "warc_offset", "warc_length")
_SHA256 = String(64)
NEVER = text("'1970-01-01T00:00:00.000000Z'")
"""The last look at what was not looked at: it comes first."""


def _id() -> Column[int]:
    return Column("id", ROW_ID, primary_key=True)


def _to(target: str, name: str, *, nullable: bool = False) -> Column[Any]:
    return Column(name, None, ForeignKey(target), nullable=nullable)


def _word(name: str, *, nullable: bool = False) -> Column[str]:
    """One of our own words: a code, an enum member, a version."""
    return Column(name, Text, nullable=nullable)


def _text(name: str, bound: int = 2000, *, nullable: bool = False) -> Column[Any]:
    return Column(name, Hostile(bound), nullable=nullable)


def _time(name: str, *, nullable: bool = False, default: TextClause | None = None) -> Column[Any]:
    return Column(name, Moment, nullable=nullable, server_default=default)


def _place() -> tuple[Column[Any], ...]:
    """Where a record lies in a WARC file."""
    return (
        _text("warc_file", nullable=True),
        Column("warc_offset", ROW_ID),
        Column("warc_length", ROW_ID),
    )


crawler_identity = Table(
    "crawler_identity",
    metadata,
    _id(),
    Column("hash", _SHA256, nullable=False, unique=True),
    _text("product_token"),
    _text("user_agent"),
    _text("from_address"),
    _text("info_url"),
    _text("signature_agent", nullable=True),
    _word("keyid", nullable=True),
    _word("signature_profile", nullable=True),
    _time("first_used"),
)

publication = Table(
    "publication",
    metadata,
    _id(),
    Column("sha256", _SHA256, nullable=False, comment="of canonical"),
    Column("canonical", Text, nullable=False, comment="what we say about ourselves, as canonical JSON"),
    _time("published_at"),
    _time("effective_at"),
)

policy_version = Table(
    "policy_version",
    metadata,
    Column("id", Text, primary_key=True),
    Column("canonical", Text, nullable=False, comment="the terms as canonical JSON"),
    _time("first_used"),
)

crawl = Table(
    "crawl",
    metadata,
    _id(),
    _time("started_at"),
    _time("ended_at", nullable=True),
    _text("command"),
    Column("software", Text, nullable=False, comment="what read and decided"),
    Column("config", Text, nullable=False, comment="JSON"),
    _to("crawler_identity.id", "identity_id"),
    _to("policy_version.id", "policy_id"),
    _to("publication.id", "publication_id", nullable=True),
    _word("keyid", nullable=True),
    _word("blocklist_set", nullable=True),
    _word("status"),
)

evidence = Table(
    "evidence",
    metadata,
    Column("sha256", _SHA256, primary_key=True),
    Column("length", ROW_ID, nullable=False),
    Column("content", Bytes, nullable=False),
    _time("first_seen"),
)

observation = Table(
    "observation",
    metadata,
    _id(),
    _to("crawl.id", "crawl_id"),
    _word("kind"),
    _text("url", MAX_URL),
    _text("origin"),
    _to("evidence.sha256", "evidence_sha256"),
    _word("outcome"),
    Column("status", Integer),
    Column("fields", Text, nullable=False, comment="JSON: header lines in order"),
    Column("redirects", Text, nullable=False, comment="JSON: [status, location]"),
    Column("details", Text, nullable=False, comment="JSON"),
    _text("why"),
    _time("fetched_at"),
    *_place(),
    # A page's own head and signals are found through its decision; this is for location files.
    Index(None, "origin", "kind", "fetched_at", sqlite_where=NOT_OF_A_PAGE, postgresql_where=NOT_OF_A_PAGE),
    Index(
        None,
        *IN_WARC,
        sqlite_where=text("warc_file IS NOT NULL"),
        postgresql_where=text("warc_file IS NOT NULL"),
    ),
    Index(None, "evidence_sha256", sqlite_where=NOT_OF_A_PAGE, postgresql_where=NOT_OF_A_PAGE),
)

reservation = Table(
    "reservation",
    metadata,
    _id(),
    Column("natural_key", _SHA256, nullable=False, unique=True),
    _text("origin"),
    _text("host", 300),
    _text("domain", 300),
    _word("kind"),
    _word("protocol"),
    _word("code"),
    _word("use", nullable=True),
    _text("scope"),
    _text("policy_url", nullable=True),
    _text("url", MAX_URL),
    _to("evidence.sha256", "evidence_sha256"),
    Column("line", Integer),
    _text("quote"),
    _time("first_seen"),
    _time("last_seen"),
    _time("ended_at", nullable=True),
    Index(None, "domain"),
    Index(None, "origin", "kind"),
    Index(
        "ix_reservation_domain_in_force",
        "domain",
        sqlite_where=text("ended_at IS NULL"),
        postgresql_where=text("ended_at IS NULL"),
    ),
)

decision = Table(
    "decision",
    metadata,
    _id(),
    _to("crawl.id", "crawl_id"),
    _to("crawler_identity.id", "identity_id"),
    _to("policy_version.id", "policy_id"),
    _text("url", MAX_URL),
    Column("url_hash", ROW_ID, nullable=False),
    _text("via", MAX_URL, nullable=True),
    _text("host", 300),
    _text("domain", 300),
    Column("lookup_key", SORTABLE, nullable=False, comment="reversed host and path"),
    _time("decided_at"),
    _word("stage"),
    _word("verdict"),
    _word("reason"),
    Column("reasons", Text, nullable=False, comment="JSON, most decisive first"),
    Column("notes", Text, nullable=False, comment="JSON"),
    Column("observations", Text, nullable=False, comment="JSON: ids of what was read"),
    Column("status", Integer),
    _text("media_type", 200, nullable=True),
    Column("bytes", ROW_ID),
    Column("body_sha256", _SHA256),
    Column("attempt", Integer, nullable=False),
    CheckConstraint("verdict IN ('keep', 'exclude', 'defer')", name="verdict"),
    Index(None, "url_hash", "id"),
    Index(None, "domain", "id"),
    Index(None, "lookup_key", "id"),
    Index(None, "reason", "id"),
    Index(None, "crawl_id", "id"),
)

document = Table(
    "document",
    metadata,
    # One kept document for one decision: a document without a decision cannot be written down.
    Column("decision_id", ROW_ID, ForeignKey("decision.id"), primary_key=True, autoincrement=False),
    _to("crawl.id", "crawl_id"),
    _text("url", MAX_URL),
    Column("url_hash", ROW_ID, nullable=False),
    _text("domain", 300),
    _text("media_type", 200),
    Column("bytes", ROW_ID, nullable=False),
    Column("body_sha256", _SHA256, nullable=False),
    Column("warc_file", Hostile(2000), nullable=False),
    Column("warc_offset", ROW_ID, nullable=False),
    Column("warc_length", ROW_ID, nullable=False),
    _time("kept_at"),
    _time("withdrawn_at", nullable=True),
    _text("withdrawn_reason", nullable=True),
    _time("looked_at", default=NEVER),
    _time("files_at", default=NEVER),
    UniqueConstraint("url_hash", "crawl_id"),
    Index(None, "domain", "decision_id"),
    Index("ix_document_withdrawn", "decision_id", sqlite_where=WITHDRAWN, postgresql_where=WITHDRAWN),
    Index(None, *IN_WARC),
)

omitted = Table(
    "omitted",
    metadata,
    Column("crawl_id", ROW_ID, ForeignKey("crawl.id"), primary_key=True, autoincrement=False),
    Column("origin", Hostile(2000), primary_key=True),
    Column("reason", Text, primary_key=True),
    Column("stage", Text, primary_key=True),
    Column("verdict", Text, primary_key=True),
    _text("domain", 300),
    Column("count", ROW_ID, nullable=False),
    Index(None, "domain"),
)

blocklist_snapshot = Table(
    "blocklist_snapshot",
    metadata,
    _id(),
    _word("source"),
    _word("format"),
    Column("sha256", _SHA256, nullable=False, comment="of the list as received"),
    _text("url"),
    _time("retrieved_at"),
    Column("entries", Integer, nullable=False),
    Column("rejected", Integer, nullable=False),
    UniqueConstraint("source", "sha256"),
)

blocklist_entry = Table(
    "blocklist_entry",
    metadata,
    _id(),
    _to("blocklist_snapshot.id", "snapshot_id"),
    _text("entry_id"),
    _text("value", 600),
    _word("scope"),
    _word("legal_ground"),
    _word("jurisdiction"),
    _text("body"),
    _text("decision_ref"),
    Column("decided_on", Date),
    Column("valid_from", Date),
    Column("valid_to", Date),
    _word("status"),
    Column("record", Text, nullable=False, comment="JSON: the entry in interchange form"),
    Index(None, "snapshot_id", "value"),
    Index(None, "value"),
)

export = Table(
    "export",
    metadata,
    _id(),
    _time("made_at"),
    _text("actor", 300),
    _word("name"),
    _word("format"),
    Column("filter", Text, nullable=False, comment="JSON: what was asked for"),
    _text("target"),
    Column("rows", ROW_ID, nullable=False),
    Column("as_of", ROW_ID, nullable=False, comment="the last decision the record had then"),
    Column("files", Text, nullable=False, comment="JSON: name, bytes, sha256, rows of each"),
    _word("software"),
    Index(None, "name", "id"),
)

notice = Table(
    "notice",
    metadata,
    _id(),
    _to("publication.id", "publication_id"),
    Column("entry_id", Text, nullable=False, unique=True, comment="tag URI of the feed entry"),
    _word("category"),
    _text("title"),
    Column("changes", Text, nullable=False, comment="JSON: [label, before, after]"),
    _time("published_at"),
    _time("effective_at"),
)

log_entry = Table(
    "log_entry",
    metadata,
    # Dense and assigned by the one writer: a sequence may skip, and a log must not.
    Column("position", ROW_ID, primary_key=True, autoincrement=False),
    _word("kind"),
    Column("leaf_hash", Bytes, nullable=False),
    Column("entry", Bytes, nullable=False),
    # Salt and row are what an erasure takes away; position, entry and hash stay.
    Column("salt", Bytes),
    _to("decision.id", "decision_id", nullable=True),
    _to("crawl.id", "crawl_id", nullable=True),
    _time("created_at"),
    UniqueConstraint("decision_id"),
    UniqueConstraint("crawl_id"),
)

checkpoint = Table(
    "checkpoint",
    metadata,
    Column("tree_size", ROW_ID, primary_key=True, autoincrement=False),
    Column("root_hash", Bytes, nullable=False),
    Column("note", Text, nullable=False, comment="the signed note"),
    _time("created_at"),
)

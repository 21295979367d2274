"""The tables of the public desk: complaints, their mail, who proved to own a domain, what staff did.

They lie beside the record and never change it, except that an upheld complaint withdraws documents.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, String, Table, Text

from crawler.store.columns import ROW_ID, Hostile, Moment
from crawler.store.metadata import metadata

_SHA256 = String(64)


def _word(name: str, *, nullable: bool = False) -> Column[str]:
    return Column(name, Text, nullable=nullable)


def _text(name: str, bound: int = 2000) -> Column[Any]:
    return Column(name, Hostile(bound), nullable=False)


def _time(name: str, *, nullable: bool = False) -> Column[Any]:
    return Column(name, Moment, nullable=nullable)


complaint = Table(
    "complaint",
    metadata,
    Column("id", ROW_ID, primary_key=True),
    Column("reference", Text, nullable=False, unique=True),
    Column("token_hash", _SHA256, nullable=False, unique=True, comment="of the address of its page"),
    _word("kind"),
    _text("domain", 300),
    _text("subjects", 20_000),
    _text("content", 100_000),
    _text("name", 300),
    _word("role"),
    _text("contact", 300),
    _word("state"),
    Column("language", Text, nullable=False, server_default="en"),
    _time("received_at"),
    _time("confirm_due"),
    _time("answer_due"),
    _time("close_due", nullable=True),
    _time("closed_at", nullable=True),
    Index(None, "domain"),
    Index(None, "state", "id"),
)

complaint_event = Table(
    "complaint_event",
    metadata,
    Column("id", ROW_ID, primary_key=True),
    Column("complaint_id", None, ForeignKey("complaint.id"), nullable=False),
    _time("happened_at"),
    _word("kind"),
    _text("actor", 300),
    _text("content", 100_000),
    Index(None, "complaint_id", "id"),
)

complaint_decision = Table(
    "complaint_decision",
    metadata,
    Column("complaint_id", ROW_ID, ForeignKey("complaint.id"), primary_key=True, autoincrement=False),
    Column("decision_id", ROW_ID, ForeignKey("decision.id"), primary_key=True, autoincrement=False),
    _time("withdrawn_at", nullable=True),
)

complaint_key = Table(
    "complaint_key",
    metadata,
    Column("token_hash", _SHA256, primary_key=True, comment="of the address of its page, as a mail gave it"),
    Column("complaint_id", None, ForeignKey("complaint.id"), nullable=False),
    _time("made_at"),
    Index(None, "complaint_id"),
)

mail_in = Table(
    "mail_in",
    metadata,
    Column("id", ROW_ID, primary_key=True),
    Column("key", _SHA256, nullable=False, unique=True, comment="SHA-256 of the Message-ID"),
    Column("complaint_id", None, ForeignKey("complaint.id"), nullable=True),
    _word("outcome"),
    _time("received_at"),
    _time("written_at", nullable=True),
    Column("bytes", BigInteger, nullable=False),
    Index(None, "complaint_id"),
)

mail_out = Table(
    "mail_out",
    metadata,
    Column("id", ROW_ID, primary_key=True),
    Column("complaint_id", None, ForeignKey("complaint.id"), nullable=False),
    _word("kind"),
    Column("file", Text, nullable=False, unique=True, comment="in data/outbox, or in sent below it"),
    Column("message_id", Text, nullable=False),
    _word("state"),
    _time("made_at"),
    _time("claimed_at", nullable=True),
    Column("attempts", Integer, nullable=False),
    _word("problem", nullable=True),
    _time("settled_at", nullable=True),
    Index(None, "complaint_id"),
    Index(None, "state", "id"),
)

ownership = Table(
    "ownership",
    metadata,
    Column("id", ROW_ID, primary_key=True),
    _text("domain", 300),
    Column("token_hash", _SHA256, nullable=False, unique=True, comment="of the token that proves it"),
    _word("method", nullable=True),
    _time("requested_at"),
    _time("expires_at"),
    _time("verified_at", nullable=True),
    Index(None, "domain"),
)

audit = Table(
    "audit",
    metadata,
    Column("id", ROW_ID, primary_key=True),
    _time("happened_at"),
    _text("actor", 300),
    _word("action"),
    _text("subject"),
)

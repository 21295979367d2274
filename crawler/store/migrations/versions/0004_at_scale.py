"""At scale"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

NOT_OF_A_PAGE = sa.text("kind NOT IN ('response', 'html-signals')")
WITHDRAWN = sa.text("withdrawn_at IS NOT NULL")
IN_FORCE = sa.text("ended_at IS NULL")


def _number() -> sa.types.TypeEngine[Any]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _moment() -> sa.types.TypeEngine[Any]:
    return sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")


def _site() -> sa.Column[str]:
    kind = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    return sa.Column("site", kind, nullable=False, comment="reversed host, as lookup_key begins")


def upgrade() -> None:
    """Apply."""
    op.drop_index("ix_decision_domain_decided_at", "decision")
    op.drop_index("ix_decision_lookup_key", "decision")
    op.create_index("ix_decision_domain_id", "decision", ["domain", "id"])
    op.create_index("ix_decision_lookup_key_id", "decision", ["lookup_key", "id"])
    op.drop_index("ix_document_domain_media_type", "document")
    op.create_index("ix_document_domain_decision_id", "document", ["domain", "decision_id"])
    op.create_index(
        "ix_document_withdrawn",
        "document",
        ["decision_id"],
        sqlite_where=WITHDRAWN,
        postgresql_where=WITHDRAWN,
    )
    op.create_index(
        "ix_observation_evidence_sha256",
        "observation",
        ["evidence_sha256"],
        sqlite_where=NOT_OF_A_PAGE,
        postgresql_where=NOT_OF_A_PAGE,
    )
    op.create_index(
        "ix_reservation_domain_in_force",
        "reservation",
        ["domain"],
        sqlite_where=IN_FORCE,
        postgresql_where=IN_FORCE,
    )
    op.create_table(
        "counted",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False, comment="1: there is one row"),
        sa.Column("upto", _number(), nullable=False, comment="the last decision that is in the sums"),
        sa.PrimaryKeyConstraint("id", name="pk_counted"),
    )
    op.create_table(
        "site_decisions",
        _site(),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("identity_id", _number(), autoincrement=False, nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("decisions", _number(), nullable=False),
        sa.Column("first", _moment(), nullable=False),
        sa.Column("last", _moment(), nullable=False),
        sa.Column("last_id", _number(), nullable=False, comment="the newest of these decisions"),
        sa.PrimaryKeyConstraint(
            "site", "stage", "verdict", "reason", "identity_id", name="pk_site_decisions"
        ),
    )
    op.create_table(
        "site_pages",
        _site(),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("pages", _number(), nullable=False),
        sa.Column("first", _moment(), nullable=False),
        sa.Column("last", _moment(), nullable=False),
        sa.PrimaryKeyConstraint("site", "verdict", "reason", name="pk_site_pages"),
    )
    op.create_table(
        "site_documents",
        _site(),
        sa.Column("kept", _number(), nullable=False, comment="documents kept now"),
        sa.Column("bytes", _number(), nullable=False, comment="of these"),
        sa.Column("pages", _number(), nullable=False, comment="pages of which a copy was ever kept"),
        sa.Column("first", _moment(), nullable=False),
        sa.Column("last", _moment(), nullable=False),
        sa.Column("withdrawn", _moment(), nullable=True),
        sa.PrimaryKeyConstraint("site", name="pk_site_documents"),
    )
    op.create_table(
        "hour_decisions",
        sa.Column("hour", sa.Text(), nullable=False, comment="UTC, as 2026-11-24T05"),
        sa.Column("decisions", _number(), nullable=False),
        sa.Column("first_id", _number(), nullable=False),
        sa.Column("last_id", _number(), nullable=False),
        sa.PrimaryKeyConstraint("hour", name="pk_hour_decisions"),
    )


def downgrade() -> None:
    """Undo."""
    for table in ("hour_decisions", "site_documents", "site_pages", "site_decisions", "counted"):
        op.drop_table(table)
    op.drop_index("ix_reservation_domain_in_force", "reservation")
    op.drop_index("ix_observation_evidence_sha256", "observation")
    op.drop_index("ix_document_withdrawn", "document")
    op.drop_index("ix_document_domain_decision_id", "document")
    op.create_index("ix_document_domain_media_type", "document", ["domain", "media_type"])
    op.drop_index("ix_decision_lookup_key_id", "decision")
    op.drop_index("ix_decision_domain_id", "decision")
    op.create_index("ix_decision_lookup_key", "decision", ["lookup_key"])
    op.create_index("ix_decision_domain_decided_at", "decision", ["domain", "decided_at"])

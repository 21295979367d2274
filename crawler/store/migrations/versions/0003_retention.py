"""Holds, and redactions in the place of what was removed"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MOMENT = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "hold",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False, comment="domain, url or crawl"),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("placed_by", sa.Text(), nullable=False),
        sa.Column("placed_at", _MOMENT, nullable=False),
        sa.Column("released_by", sa.Text(), nullable=True),
        sa.Column("released_at", _MOMENT, nullable=True),
        sa.Column("release_reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hold")),
    )
    op.create_table(
        "redaction",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("cause", sa.Text(), nullable=False, comment="request or retention"),
        sa.Column("kind", sa.Text(), nullable=False, comment="what was asked to be removed, or the rule"),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("removed_at", _MOMENT, nullable=False),
        sa.Column("host", sa.Text(), nullable=True),
        sa.Column("url_hash", _ROW_ID, nullable=True),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("rows", _ROW_ID, nullable=False),
        sa.Column("bytes", _ROW_ID, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False, comment="of the list of what was removed"),
        sa.Column("position", _ROW_ID, nullable=True, comment="of its entry in the log"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_redaction")),
    )
    for column in ("host", "position", "url_hash"):
        op.create_index(op.f(f"ix_redaction_{column}"), "redaction", [column])
    op.create_table(
        "removed",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("redaction_id", _ROW_ID, nullable=False),
        sa.Column(
            "what", sa.Text(), nullable=False, comment="evidence, head, warc, decision, complaint or rows"
        ),
        sa.Column("ref", sa.Text(), nullable=True, comment="by which it is found again"),
        sa.Column("sha256", sa.String(length=64), nullable=False, comment="of what was removed"),
        sa.Column("bytes", _ROW_ID, nullable=False),
        sa.Column("warc_file", sa.Text(), nullable=True),
        sa.Column("warc_offset", _ROW_ID, nullable=True),
        sa.Column("warc_length", _ROW_ID, nullable=True),
        sa.Column("done_at", _MOMENT, nullable=True, comment="when it was gone from its file too"),
        sa.ForeignKeyConstraint(["redaction_id"], ["redaction.id"], name=op.f("fk_removed_redaction_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_removed")),
    )
    pending = sa.text("done_at IS NULL")
    op.create_index("ix_removed_pending", "removed", ["id"], sqlite_where=pending, postgresql_where=pending)
    op.create_index(op.f("ix_removed_redaction_id"), "removed", ["redaction_id"])
    op.create_index(op.f("ix_removed_warc_file_warc_offset"), "removed", ["warc_file", "warc_offset"])
    op.create_index(op.f("ix_removed_what_ref"), "removed", ["what", "ref"])


def downgrade() -> None:
    """Undo."""
    for table in ("removed", "redaction", "hold"):
        op.drop_table(table)

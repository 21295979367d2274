"""Mail"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def _id() -> sa.types.TypeEngine[Any]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _moment() -> sa.types.TypeEngine[Any]:
    return sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "complaint_key",
        sa.Column(
            "token_hash",
            sa.String(length=64),
            nullable=False,
            comment="of the address of its page, as a mail gave it",
        ),
        sa.Column("complaint_id", _id(), nullable=False),
        sa.Column("made_at", _moment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["complaint_id"], ["complaint.id"], name=op.f("fk_complaint_key_complaint_id")
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_complaint_key")),
    )
    op.create_index(op.f("ix_complaint_key_complaint_id"), "complaint_key", ["complaint_id"])
    op.create_table(
        "mail_in",
        sa.Column("id", _id(), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False, comment="SHA-256 of the Message-ID"),
        sa.Column("complaint_id", _id(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("received_at", _moment(), nullable=False),
        sa.Column("written_at", _moment(), nullable=True),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["complaint_id"], ["complaint.id"], name=op.f("fk_mail_in_complaint_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_in")),
        sa.UniqueConstraint("key", name=op.f("uq_mail_in_key")),
    )
    op.create_index(op.f("ix_mail_in_complaint_id"), "mail_in", ["complaint_id"])
    op.create_table(
        "mail_out",
        sa.Column("id", _id(), nullable=False),
        sa.Column("complaint_id", _id(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("file", sa.Text(), nullable=False, comment="in data/outbox, or in sent below it"),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("made_at", _moment(), nullable=False),
        sa.Column("claimed_at", _moment(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("settled_at", _moment(), nullable=True),
        sa.ForeignKeyConstraint(["complaint_id"], ["complaint.id"], name=op.f("fk_mail_out_complaint_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_out")),
        sa.UniqueConstraint("file", name=op.f("uq_mail_out_file")),
    )
    op.create_index(op.f("ix_mail_out_complaint_id"), "mail_out", ["complaint_id"])
    op.create_index(op.f("ix_mail_out_state_id"), "mail_out", ["state", "id"])


def downgrade() -> None:
    """Undo."""
    for table in ("mail_out", "mail_in", "complaint_key"):
        op.drop_table(table)

"""Looking again"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

NEVER = sa.text("'1970-01-01T00:00:00.000000Z'")
HELD = sa.text("withdrawn_at IS NULL")
DEFERRED = sa.text("verdict = 'defer'")


def _moment(name: str) -> sa.Column[Any]:
    kind = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")
    return sa.Column(name, kind, nullable=False, server_default=NEVER)


def upgrade() -> None:
    """Apply."""
    op.add_column("document", _moment("looked_at"))
    op.add_column("document", _moment("files_at"))
    op.execute("UPDATE document SET looked_at = kept_at, files_at = kept_at")
    for column in ("looked_at", "files_at"):
        op.create_index(
            f"ix_document_{column}_decision_id",
            "document",
            [column, "decision_id"],
            sqlite_where=HELD,
            postgresql_where=HELD,
        )
    op.create_index(
        "ix_decision_deferred", "decision", ["url_hash"], sqlite_where=DEFERRED, postgresql_where=DEFERRED
    )


def downgrade() -> None:
    """Undo."""
    op.drop_index("ix_decision_deferred", "decision")
    for column in ("looked_at", "files_at"):
        op.drop_index(f"ix_document_{column}_decision_id", "document")
        op.drop_column("document", column)

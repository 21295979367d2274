"""Sums of folders"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

TABLES = ("site_decisions", "site_pages", "site_documents")
BEFORE = "reversed host, as lookup_key begins"
AFTER = "as lookup_key begins: reversed host; or, behind a slash, reversed host and folder"


def upgrade() -> None:
    """Apply."""
    op.add_column(
        "counted",
        sa.Column(
            "folders",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            server_default="0",
            comment="the last decision whose folders were looked at",
        ),
    )
    _comment(AFTER)


def downgrade() -> None:
    """Undo."""
    for table in TABLES:
        op.execute(sa.text(f"DELETE FROM {table} WHERE site LIKE '/%'"))
    op.drop_column("counted", "folders")
    _comment(BEFORE)


def _comment(text: str) -> None:
    if op.get_bind().dialect.name == "postgresql":  # SQLite keeps no comments
        for table in TABLES:
            op.alter_column(table, "site", comment=text)

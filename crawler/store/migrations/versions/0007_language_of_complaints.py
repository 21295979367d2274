"""Language of complaints"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("complaint", sa.Column("language", sa.Text(), nullable=False, server_default="en"))


def downgrade() -> None:
    """Undo."""
    op.drop_column("complaint", "language")

"""Run by Alembic for each command; the connection comes from `crawler.store.migrations.config`."""

from __future__ import annotations

from typing import Literal

from alembic import context

import crawler.frontier.schema
import crawler.store.desk
import crawler.store.retention.tables
import crawler.store.schema
import crawler.store.summary  # noqa: F401 - the tables are declared by importing them
from crawler.store.columns import Hostile, Moment
from crawler.store.metadata import metadata


def _render(kind: str, item: object, _: object) -> str | Literal[False]:
    """Steps spell out what is in the database: our own column types may change, history may not."""
    if kind == "type" and isinstance(item, Hostile):
        return "sa.Text()"
    if kind == "type" and isinstance(item, Moment):
        return "sa.DateTime(timezone=True).with_variant(sa.Text(), 'sqlite')"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite cannot alter a table in place: https://alembic.sqlalchemy.org/en/latest/batch.html
    render_as_batch=True,
    render_item=_render,
)
with context.begin_transaction():
    context.run_migrations()

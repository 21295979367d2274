"""When documents were last looked at: how a look is marked, and the indexes that find the oldest.

`looked_at` is the last look at the page, `files_at` the last one at the files of its site.
"""

from __future__ import annotations

from sqlalchemy import Index, bindparam, text, update

from crawler.store.schema import decision, document

HELD = text("withdrawn_at IS NULL")
"""Condition of the indexes on documents: a query that wants to use them repeats it."""
DEFERRED = text("verdict = 'defer'")
"""Condition of the index on decisions that found nothing out."""

for _name in ("looked_at", "files_at"):
    Index(
        f"ix_document_{_name}_decision_id",
        document.c[_name],
        document.c.decision_id,
        sqlite_where=HELD,
        postgresql_where=HELD,
    )
Index("ix_decision_deferred", decision.c.url_hash, sqlite_where=DEFERRED, postgresql_where=DEFERRED)

_OF_URL = update(document).where(document.c.url_hash == bindparam("of_hash"))
LOOK = _OF_URL.values(looked_at=bindparam("at"), files_at=bindparam("at"))
LOOK_AT_FILES = _OF_URL.values(files_at=bindparam("at"))

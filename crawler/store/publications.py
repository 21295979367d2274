"""Writing down what is published about ourselves: a version with its notices, in one transaction."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, insert

from crawler.store import schema
from crawler.store.codec import to_json
from crawler.store.queries.publications import Notice, Publication


def add_publication(connection: Connection, version: Publication, notices: Iterable[Notice]) -> None:
    """Record a version and its notices. Fails if another process has taken the number meanwhile."""
    row = {
        "id": version.number,
        "sha256": version.sha256,
        "canonical": version.canonical,
        "published_at": version.published_at,
        "effective_at": version.effective_at,
    }
    connection.execute(insert(schema.publication), row)
    for item in notices:
        connection.execute(
            insert(schema.notice),
            {
                "publication_id": version.number,
                "entry_id": item.entry_id,
                "category": item.category,
                "title": item.title,
                "changes": to_json(item.changes),
                "published_at": item.published_at,
                "effective_at": item.effective_at,
            },
        )

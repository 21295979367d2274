"""Bodies of documents that were withdrawn."""

from __future__ import annotations

from crawler.store.retention.documents import aged, remove_bodies
from crawler.store.retention.rule import Rule
from crawler.store.schema import document

RULE = Rule(
    name="withdrawn_documents",
    words="bodies of documents, after they were withdrawn",
    candidates=lambda connection, due: aged(connection, due, document.c.withdrawn_at),
    remove=remove_bodies,
)

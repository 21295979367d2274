"""Bodies of documents that are kept: with its body a document leaves the data set."""

from __future__ import annotations

from crawler.store.retention.documents import aged, remove_bodies
from crawler.store.retention.rule import Rule
from crawler.store.schema import document

RULE = Rule(
    name="documents",
    words="bodies of kept documents; they are withdrawn with it",
    candidates=lambda connection, due: aged(
        connection, due, document.c.kept_at, document.c.withdrawn_at.is_(None)
    ),
    remove=remove_bodies,
    frees=True,
)

"""The audit trail: every export that was made of the record."""

from __future__ import annotations

from collections.abc import Iterator

from crawler.exports.tables import columns as c
from crawler.exports.tables.model import Selection, Table
from crawler.exports.tables.present import export_made
from crawler.store.database import Connection
from crawler.store.queries.exports import ExportRow, exports, last_export


def rows(connection: Connection, wanted: Selection) -> Iterator[ExportRow]:
    """Exports in the order they were made."""
    return exports(connection, after=wanted.after)


FILE = c.record(
    "A file.",
    {
        "name": c.text("Name."),
        "bytes": c.count("Size."),
        "sha256": c.digest("SHA-256."),
        "rows": c.count("Rows in it."),
    },
)

TABLE = Table(
    name="exports",
    title="Audit trail of exports",
    description="An export that was made: who, when, what, by which filter, with which digests.",
    properties={
        "export": c.count("Number of the export."),
        "made_at": c.time("When."),
        "actor": c.text("The account that ran the command."),
        "name": c.text("What was exported."),
        "format": c.text("In which format."),
        "filter": c.text("What was asked for, as JSON."),
        "target": c.text("Where it went."),
        "rows": c.count("Rows or documents."),
        "as_of": c.count("The last decision of the record at that time."),
        "files": c.several("The files.", FILE),
        "software": c.text("What wrote it."),
    },
    takes=(),
    rows=rows,
    present=export_made,
    number=lambda row: row.id,
    newest=last_export,
    seen=lambda row: row.made_at,
)

"""Writing down that something was exported: a row of the audit trail, never changed again."""

from __future__ import annotations

from dataclasses import asdict

from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import DBAPIError

from crawler.store.codec import to_json
from crawler.store.database import DatabaseError, open_database
from crawler.store.queries.exports import ExportRow
from crawler.store.schema import export


def record_export(url: str, made: ExportRow) -> int:
    """Enter an export, once however often it is told of; the answer is its number.

    Raises DatabaseError where the record cannot be written."""
    engine = open_database(url)
    try:
        with engine.begin() as connection:
            if known := _known(connection, made):
                return known
            number = connection.execute(insert(export).returning(export.c.id), _row(made)).scalar_one()
    except DBAPIError as error:
        raise DatabaseError(f"the record cannot be written: {str(error.orig).splitlines()[0]}") from error
    finally:
        engine.dispose()
    return int(number)


def _known(connection: Connection, made: ExportRow) -> int | None:
    """The number of an export that a process entered which died right after."""
    same = (export.c.made_at == made.made_at, export.c.target == made.target, export.c.name == made.name)
    return connection.scalar(select(export.c.id).where(*same).limit(1))


def _row(made: ExportRow) -> dict[str, object]:
    return {
        "made_at": made.made_at,
        "actor": made.actor,
        "name": made.name,
        "format": made.format,
        "filter": to_json(dict(made.filter)),
        "target": made.target,
        "rows": made.rows,
        "as_of": made.as_of,
        "files": to_json([asdict(file) for file in made.files]),
        "software": made.software,
    }

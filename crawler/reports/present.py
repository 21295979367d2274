"""Reports under JSON's names."""

from __future__ import annotations

from crawler.present import Json, moment
from crawler.reports.model import TO_BE_STATED, Block, Document, Field, Table


def report(document: Document) -> Json:
    """A report as one object; what the provider has to state is null, and says so."""
    return {
        "report": document.name,
        "title": document.title,
        "as_of": document.as_of,
        "moment": moment(document.moment),
        "sections": [
            {"title": section.title, "blocks": [block(b) for b in section.blocks]}
            for section in document.sections
        ],
    }


def block(value: Block) -> Json:
    """A paragraph, a field or a table."""
    match value:
        case Field():
            told = list(value.value) if isinstance(value.value, tuple) else value.value
            return {
                "no": value.no or None,
                "label": value.label,
                "value": told,
                "note": TO_BE_STATED if value.value is None else None,
            }
        case Table():
            return {
                "table": value.name,
                "title": value.title,
                "rows": [dict(zip(value.columns, row, strict=True)) for row in value.rows],
            }
        case _:
            return {"text": value}

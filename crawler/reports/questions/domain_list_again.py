"""Reproduce the list of domains of an earlier summary."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from typing import Any

from crawler.present import moment
from crawler.reports.model import Ask, Block, Code, Field, ReportError
from crawler.reports.questions.model import Question
from crawler.reports.rendering import rendered
from crawler.reports.training_summary_report import build
from crawler.store.database import Connection
from crawler.store.queries.exports import ExportRow, export_number

SUMMARY = "report training-summary"


def answer(connection: Connection, ask: Ask) -> tuple[Block, ...]:
    """The list as it comes out today for the record of that day, and whether it is the same file."""
    row = export_number(connection, ask.get("number"))
    if row is None or row.name != SUMMARY:
        raise ReportError(
            f"export {ask.get('number')} is no training summary; `forbear export exports` has the numbers"
        )
    then = replace(ask, now=row.made_at, as_of=row.as_of, form="csv", options=_options(row.filter))
    document = build(connection, then)
    digest = sha256(rendered(document, "csv").encode("utf-8", "backslashreplace")).hexdigest()
    return (
        Field(no="", label="Summary", value=f"export {row.id} of {moment(row.made_at)}, by {row.actor}"),
        Field(no="", label="As of decision", value=row.as_of),
        Field(no="", label="List worked out again, SHA-256 of the CSV", value=Code(digest)),
        Field(no="", label="Result", value=_compared(row, digest)),
        document.tables()["domains"],
    )


def _compared(row: ExportRow, digest: str) -> str:
    if row.format != "csv":
        return f"that export was {row.format}; only the CSV of domains can be compared by digest"
    if row.files[0].sha256 == digest:
        return "the same file, byte for byte"
    return f"another file: that one had SHA-256 {row.files[0].sha256}"


def _options(asked: Mapping[str, Any]) -> dict[str, Any]:
    times = {name: datetime.fromisoformat(asked[name]) for name in ("since", "until") if name in asked}
    return {**asked, **times}


QUESTION = Question(
    number=6,
    name="summary-again",
    text="Reproduce the list of the most relevant domains of that summary.",
    needs=("number",),
    answer=answer,
)

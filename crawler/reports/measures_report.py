"""The measures of the Copyright chapter, one by one, each with the evidence this record holds for it.

What a measure asks is told in our own words. Whether it is met is for people to judge: a row says what
the record holds, and where to look.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from crawler.lists import ListError, load_lists
from crawler.reports.measure_table import MEASURES, Held
from crawler.reports.model import Ask, Code, Document, Report, Section, Table
from crawler.reports.rendering import rendered
from crawler.store.database import Connection
from crawler.store.queries.measures import runs, totals


def build(connection: Connection, ask: Ask) -> Document:
    """The table."""
    held = Held(runs=runs(connection), count=totals(connection), **_in_force(ask))
    return Document(
        name="measures",
        title="Measures of the Copyright chapter, and the evidence in this record",
        as_of=ask.as_of,
        moment=ask.now,
        csv="measures",
        sections=(
            Section(
                title="How to read this",
                blocks=(
                    "The Copyright chapter of the General-Purpose AI Code of Practice, in our own words. "
                    "Each row says what this record holds and where to look; it does not say that a measure "
                    "is met, or that a use is lawful.",
                ),
            ),
            Section(
                title="Measures",
                blocks=(
                    Table(
                        name="measures",
                        title="Measures",
                        columns=("id", "clause", "asks", "state", "evidence", "look"),
                        rows=tuple(_rows(held)),
                    ),
                ),
            ),
        ),
    )


def _rows(held: Held) -> Iterator[tuple[str, ...]]:
    for measure in MEASURES:
        says, state, look = measure.answer(held)
        yield measure.id, measure.clause, measure.asks, state, says, Code(look)


def _in_force(ask: Ask) -> Mapping[str, int]:
    try:
        listings = load_lists(ask.config).listings
    except ListError:
        return {"lists": 0, "entries": 0}
    return {"lists": len(listings), "entries": sum(len(one.entries) for one in listings)}


def write(connection: Connection, ask: Ask) -> str:
    """The document in the form that is asked for."""
    return rendered(build(connection, ask), ask.form)


REPORT = Report(
    name="measures",
    help="""The measures of the Copyright chapter (CP-1 to CP-19), each with the evidence this record holds.

    \b
    Examples:
      forbear report measures
      forbear report measures --format csv -o measures.csv
    """,
    formats=("md", "json", "csv"),
    write=write,
)

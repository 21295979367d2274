"""Figures that nobody has to publish: how much was reserved, how old lists were, how long answers took."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

from crawler.reports import facts
from crawler.reports.model import Ask, Code, Document, Report, Section, Table
from crawler.reports.rendering import rendered
from crawler.store.database import Connection
from crawler.store.queries.lists import exclusions, sets_used
from crawler.store.queries.measures import RunRow, Totals, runs, totals

Figure = tuple[str, str | int | float | None, str]


def build(connection: Connection, ask: Ask) -> Document:
    """The figures of the whole record."""
    count, all_runs = totals(connection), runs(connection)
    rows = (*_coverage(count), *_reasons(count), *_complaints(count))
    return Document(
        name="kpi",
        title="Key figures",
        as_of=ask.as_of,
        moment=ask.now,
        csv="figures",
        sections=(
            Section(
                title="Figures",
                blocks=(
                    f"{_period(count)} No figure is a target, and none is required: the Copyright chapter "
                    "asks for no key figures.",
                    Table(name="figures", title="Figures", columns=("figure", "value", "unit"), rows=rows),
                ),
            ),
            Section(
                title="Lists of courts and authorities",
                blocks=(_jurisdictions(connection), _ages(connection, all_runs)),
            ),
        ),
    )


def _period(count: Totals) -> str:
    if count.first is None or count.last is None:
        return "Nothing was decided yet."
    return f"Decisions from {count.first:%d %B %Y} to {count.last:%d %B %Y}."


def _coverage(count: Totals) -> Iterator[Figure]:
    yield "hosts seen", count.hosts, "hosts"
    yield "hosts with a reservation", count.hosts_with_reservations, "hosts"
    yield "share of hosts with a reservation", _share(count.hosts_with_reservations, count.hosts), "of 1"
    yield "decisions", count.decisions, "decisions"
    for verdict, words in (("keep", "kept"), ("exclude", "left out"), ("defer", "waiting")):
        number = count.verdicts.get(verdict, 0)
        yield f"decisions: {words}", number, "decisions"
        yield f"share of decisions: {words}", _share(number, count.decisions), "of 1"
    never = count.stages.get("before_fetch", 0) + count.stages.get("frontier", 0)
    yield "pages never requested", never, "decisions"
    yield "documents kept without evidence", count.without_evidence, "documents"
    yield "documents withdrawn", count.withdrawn, "documents"


def _reasons(count: Totals) -> Iterator[Figure]:
    families: Counter[str] = Counter()
    for (verdict, code), number in count.reasons.items():
        family = code.partition(".")[0]
        if verdict == "exclude" and family not in facts.NOT_SAID:
            families[family] += number
    for family, number in sorted(families.items(), key=lambda pair: (-pair[1], pair[0])):
        yield f"left out for {family}", number, "decisions"


def _complaints(count: Totals) -> Iterator[Figure]:
    complaints = count.complaints
    yield "complaints received", complaints.received, "complaints"
    yield "complaints open", complaints.open, "complaints"
    middle = complaints.days[len(complaints.days) // 2] if complaints.days else None
    yield "median time until a complaint was closed", middle, "days"


def _jurisdictions(connection: Connection) -> Table:
    found: Counter[tuple[str, str]] = Counter()
    for one in exclusions(connection):
        entry = one.entry or {}
        found[str(entry.get("jurisdiction") or "not recorded"), one.reason.code] += 1
    return Table(
        name="jurisdictions",
        title="Pages left out for a list, by jurisdiction",
        columns=("jurisdiction", "list", "decisions"),
        rows=tuple((state, Code(code), number) for (state, code), number in sorted(found.items())),
    )


def _ages(connection: Connection, all_runs: tuple[RunRow, ...]) -> Table:
    uses = sets_used(connection)
    rows = []
    for run in all_runs:
        first = next((use for use in uses if use.crawl == run.id), None)
        rows.append(
            (
                run.id,
                Code((first.set_id if first else run.blocklist_set or "")[:16]),
                first.entries if first else None,
                _days(first.age if first else None),
            )
        )
    return Table(
        name="list_ages",
        title="Age of the oldest list when a crawl began",
        columns=("crawl", "set", "entries", "days"),
        rows=tuple(rows),
    )


def _days(age: timedelta | None) -> float | None:
    return None if age is None else round(age / timedelta(days=1), 2)


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def write(connection: Connection, ask: Ask) -> str:
    """The document in the form that is asked for."""
    return rendered(build(connection, ask), ask.form)


REPORT = Report(
    name="kpi",
    help="""Key figures: hosts with a reservation, exclusions by jurisdiction, age of lists, complaints.

    \b
    Examples:
      forbear report kpi
      forbear report kpi --format csv -o kpi.csv
    """,
    formats=("md", "json", "csv"),
    write=write,
)

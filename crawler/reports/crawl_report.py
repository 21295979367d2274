"""What one crawl did: a page for a manager or an auditor, in one file that loads nothing."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256

from crawler.present import dumps, moment
from crawler.reports import facts
from crawler.reports.figures import Figures, figures
from crawler.reports.model import Ask, Block, Code, Document, Field, Report, ReportError, Section, Table
from crawler.reports.present import report
from crawler.reports.rendering import rendered
from crawler.store.database import Connection
from crawler.words import in_words


def build(found: Figures, ask: Ask) -> Document:
    """The figures as tables."""
    return Document(
        name="crawl",
        title=f"{found.bot}, crawl {found.run.id}",
        as_of=ask.as_of,
        moment=ask.now,
        csv="reasons",
        sections=(
            Section(title="In figures", blocks=tuple(_figures(found))),
            Section(title="Pace", blocks=(_pace(found),)),
            Section(title="Left out, kept and waiting", blocks=(_reasons(found),)),
            Section(title="Top excluding domains", blocks=(_domains(found),)),
            Section(title="How it was made", blocks=tuple(_made(found))),
        ),
    )


def digest_of(document: Document) -> str:
    """SHA-256 of the sections, as `--format json` prints them: the same figures, the same digest."""
    return sha256(dumps(report(document)["sections"]).encode("utf-8", "backslashreplace")).hexdigest()


def write(connection: Connection, ask: Ask) -> str:
    """The report in the form that is asked for."""
    which = ask.get("which")
    if which is not None and not str(which).isdecimal():
        raise ReportError(f"{which!r} is no number of a crawl")
    found = figures(connection, None if which is None else int(which))
    document = build(found, ask)
    if ask.form == "html":
        from crawler.reports.crawl_page import page  # templates: nothing every command should load

        return page(found, ask, digest_of(document))
    return rendered(document, ask.form)


def _figures(found: Figures) -> Iterator[Block]:
    for label, number in (
        ("pages decided", found.decisions),
        ("domains", found.span.domains if found.span else 0),
        ("kept", found.verdict("keep")),
        ("left out", found.verdict("exclude")),
        ("waiting", found.verdict("defer")),
        ("kept without evidence", found.without_evidence),
    ):
        yield Field(no="", label=label, value=number)


def _pace(found: Figures) -> Table:
    return Table(
        name="pace",
        title=f"Pages decided {found.step.each}",
        columns=("from", "pages"),
        rows=tuple((moment(at), number) for at, number in zip(found.times, found.pace, strict=False)),
    )


def _reasons(found: Figures) -> Table:
    return Table(
        name="reasons",
        title="Pages by verdict and first reason",
        columns=("verdict", "reason", "in_words", "pages"),
        rows=tuple(
            (verdict, Code(code), in_words(code), sum(values))
            for (verdict, code), values in found.series.items()
        ),
    )


def _domains(found: Figures) -> Table:
    return Table(
        name="domains",
        title="Domains with most pages left out",
        columns=("domain", "first_reason", "pages"),
        rows=tuple((Code(one.domain), Code(one.reason), one.decisions) for one in found.domains),
    )


def _made(found: Figures) -> Iterator[Block]:
    run = found.run
    yield Field(no="", label="Command", value=Code(run.command))
    yield Field(no="", label="Begun", value=moment(run.started_at))
    yield Field(no="", label="Ended", value=moment(run.ended_at) if run.ended_at else run.status)
    yield Field(no="", label="Terms", value=f"{run.policy}, profile {run.terms['profile']}")
    yield Field(no="", label="Uses that are intended", value=facts.uses(run))
    yield Field(no="", label="Identity", value=Code(run.identity))
    yield Field(no="", label="Set of lists", value=Code(run.blocklist_set) if run.blocklist_set else "none")


REPORT = Report(
    name="crawl",
    help="""What one crawl did, as one HTML file that a team can mail around; the newest without a number.

    The file loads nothing and runs no script. The same figures as tables: --format md, json or csv.

    \b
    Examples:
      forbear report crawl -o report.html
      forbear report crawl 11 --format json
    """,
    options=("which",),
    formats=("html", "md", "json", "csv"),
    write=write,
)

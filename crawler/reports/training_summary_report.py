"""The public summary of training content: sections 2.3 and 3 of the Commission's template.

Template C(2025) 8311 final. Yes or no is never inferred: a person states it, in the file that
`--stated` names, or it stays open.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from crawler.present import moment
from crawler.reports import facts
from crawler.reports.domain_rule import MODALITIES, Holding, Ranking, public_suffix_list, ranked
from crawler.reports.model import Ask, Block, Code, Document, Field, Report, ReportError, Section, Table
from crawler.reports.rendering import rendered
from crawler.store.database import Connection
from crawler.store.queries.domains import KeptFilter, kept_domains
from crawler.store.queries.measures import RunRow, Totals, runs, totals
from crawler.words import in_words

COLUMNS = (
    "rank", "registrable_domain", "modality", "kept_bytes", "kept_documents", "first_fetch", "last_fetch",
    "share_of_bytes", "site",
)  # fmt: skip
SHOWN = 20
"""Rows of the domain table in Markdown; the CSV has all."""


def build(connection: Connection, ask: Ask) -> Document:
    """The document, from what the record holds now."""
    newest = facts.run_of(connection, None)
    wanted = KeptFilter(upto=ask.as_of, at=ask.now, since=ask.get("since"), until=ask.get("until"))
    ranking = ranked(kept_domains(connection, wanted), small=bool(ask.get("sme")))
    count = totals(connection)
    sections = (
        Section(title="The summary", blocks=tuple(_head(ask))),
        Section(
            title="2.3 Data crawled and scraped from online sources",
            blocks=tuple(_crawled(connection, newest, ranking)),
        ),
        Section(title="3 Data processing aspects", blocks=tuple(_processing(ask, newest, count))),
    )
    document = Document(
        name="training-summary",
        title="Summary of training content: data crawled and scraped, and data processing",
        as_of=ask.as_of,
        moment=ask.now,
        sections=sections,
        csv="domains",
    )
    return stated(document, ask.get("stated") or {})


def write(connection: Connection, ask: Ask) -> str:
    """The document in the form that is asked for."""
    document = build(connection, ask)
    return rendered(_shortened(document) if ask.form == "md" else document, ask.form)


def stated(document: Document, answers: Mapping[str, str]) -> Document:
    """The document with what the provider states in its open fields. Raises ReportError."""
    open_fields = {
        b.no for s in document.sections for b in s.blocks if isinstance(b, Field) and b.value is None
    }
    if unknown := sorted(set(answers) - open_fields):
        known = ", ".join(sorted(open_fields))
        raise ReportError(f"nothing to be stated under {unknown[0]!r}; open fields: {known}")

    def answered(block: Block) -> Block:
        if isinstance(block, Field) and block.no in answers:
            return replace(block, value=answers[block.no])
        return block

    return replace(
        document,
        sections=tuple(replace(s, blocks=tuple(map(answered, s.blocks))) for s in document.sections),
    )


def _head(ask: Ask) -> Iterator[Block]:
    yield Field(no="version", label="Version of the summary", value=None)
    yield Field(no="", label="Last update", value=f"{ask.now:%d/%m/%Y}")
    yield Field(no="previous", label="Link to the previous version", value=None)
    yield (
        "Sections 1, 2.1, 2.2 and 2.4 to 2.6 of the template are not about crawling and are not filled in "
        "here. Ready-made public data sets belong to section 2.1."
    )


def _crawled(connection: Connection, newest: RunRow, ranking: Ranking) -> Iterator[Block]:
    all_runs = runs(connection)
    crawlers = tuple(dict.fromkeys(f"{run.terms['token']} ({run.user_agent})" for run in all_runs))
    purposes = tuple(
        dict.fromkeys(p for run in all_runs for p in facts.section(run, "crawler").get("purposes", ()))
    )
    yield Field(no="2.3.0", label="Were crawlers used by the provider or on its behalf?", value=None)
    yield Field(no="2.3.1", label="Crawler names and identifiers", value=crawlers)
    yield Field(no="2.3.2", label="Purposes of the crawlers", value=purposes or (facts.uses(newest),))
    yield Field(
        no="2.3.3",
        label="General description of crawler behaviour",
        value=(*facts.robots_rules(newest), *facts.access_rules(), *facts.manner(newest)),
    )
    yield Field(no="2.3.4", label="Period of data collection", value=_period(ranking))
    yield Field(
        no="2.3.5",
        label="Comprehensive description of the type of content and online sources crawled",
        value=None,
    )
    yield _content(ranking)
    yield Field(
        no="2.3.6", label="Modalities covered", value=tuple(m for m in MODALITIES if m in ranking.totals)
    )
    yield Field(
        no="2.3.7",
        label="Summary of the most relevant domain names crawled",
        value=tuple(_rule(ranking)),
    )
    yield domain_table(ranking)
    yield Field(no="2.3.8", label="Additional comments (optional)", value=None)


def _period(ranking: Ranking) -> str:
    whole = ranking.totals.get("all")
    if whole is None or whole.first is None or whole.last is None:
        return "nothing is kept"
    return f"from {whole.first:%m/%Y} to {whole.last:%m/%Y}"


def _content(ranking: Ranking) -> Table:
    return Table(
        name="content",
        title="What is kept, by modality",
        columns=("modality", "kept_documents", "kept_bytes", "domains", "duplicates_not_counted"),
        rows=tuple(
            (name, total.documents, total.bytes, ranking.domains[name], total.copies)
            for name, total in ranking.totals.items()
        ),
    )


def _rule(ranking: Ranking) -> Iterator[str]:
    share = "top 5%, at most 1,000 (small and medium-sized providers)" if ranking.small else "top 10%"
    yield (
        f"Domain names in the {share} by size of the content kept, of all domain names of which anything "
        "is kept; the number is rounded up, and ties are included. Overall and for each modality."
    )
    yield "Size is bytes of kept content after decompression; a body that is kept twice counts once."
    yield (
        "A domain name is the registrable domain by the ICANN section of the Public Suffix List "
        f"({public_suffix_list()}). Sites below a platform's name (github.io and the like) are given twice: "
        "as the platform, and each as a site."
    )
    yield "Domains whose content is reserved are not here, since nothing of them is kept; see 3.1.2."


def domain_table(ranking: Ranking) -> Table:
    """The rows of the attached file."""
    return Table(
        name="domains",
        title="Most relevant domain names",
        columns=COLUMNS,
        rows=tuple(_row(rank, name, one, ranking) for name, rank, one in ranking.top()),
    )


def _row(rank: int, modality: str, one: Holding, ranking: Ranking) -> tuple[str | int | float | None, ...]:
    total = ranking.totals[modality].bytes
    return (
        rank,
        Code(one.domain),
        modality,
        one.bytes,
        one.documents,
        moment(one.first) if one.first else None,
        moment(one.last) if one.last else None,
        round(one.bytes / total, 6) if total else 0.0,
        Code(one.site) if one.site else None,
    )


def _shortened(document: Document) -> Document:
    def short(block: Block) -> Block:
        if isinstance(block, Table) and block.name == "domains" and len(block.rows) > SHOWN:
            title = f"{block.title}: the first {SHOWN} of {len(block.rows)} rows, all are in the CSV"
            return replace(block, title=title, rows=block.rows[:SHOWN])
        return block

    return replace(
        document, sections=tuple(replace(s, blocks=tuple(map(short, s.blocks))) for s in document.sections)
    )


def _processing(ask: Ask, newest: RunRow, count: Totals) -> Iterator[Block]:
    yield Field(
        no="3.1.1",
        label="Signatory to the Code of Practice for general-purpose AI models that includes commitments to "
        "respect reservations of rights from the text and data mining exception?",
        value=None,
    )
    yield Field(
        no="3.1.2",
        label="Measures implemented before model training to respect reservations of rights from the text "
        "and data mining exception before and during data collection",
        value=(
            f"Machine-readable reservations are looked for at every page, under the profile "
            f"{newest.terms['profile']}: {facts.PROFILES[newest.terms['profile']]}. "
            f"They count for these uses: {facts.uses(newest)}.",
            *facts.robots_rules(newest),
            *facts.later_rules(),
        ),
    )
    yield facts.protocols()
    yield reserved_table(count)
    yield Field(no="3.1.3", label="Additional comments (optional)", value=None)
    yield Field(
        no="3.2",
        label="Removal of illegal content",
        value=tuple(facts.list_rules(ask.config, newest)),
    )
    yield Field(no="3.3", label="Other information (optional)", value=None)


def reserved_table(count: Totals) -> Table:
    """How often something was left out, by the first reason."""
    rows = sorted(
        (
            (code, number)
            for (verdict, code), number in count.reasons.items()
            if verdict == "exclude" and code.partition(".")[0] not in facts.NOT_SAID
        ),
        key=lambda pair: (-pair[1], pair[0]),
    )
    return Table(
        name="left_out",
        title="Pages left out for reservations, lists and access limits, by the most decisive reason",
        columns=("reason", "in_words", "decisions"),
        rows=tuple((Code(code), in_words(code), number) for code, number in rows),
    )


REPORT = Report(
    name="training-summary",
    help="""The public summary of training content: sections 2.3 and 3 of the Commission's template.

    Yes and no are never inferred: what only the provider can say stays open, unless a file states it
    (TOML: `"2.3.0" = "Yes"`). CSV gives the list of domains.

    \b
    Examples:
      forbear report training-summary -o summary.md
      forbear report training-summary --format csv --sme -o domains.csv
      forbear report training-summary --stated stated.toml -o summary.md
    """,
    options=("since", "until", "sme", "stated"),
    formats=("md", "json", "csv"),
    write=write,
)

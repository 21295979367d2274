"""The written copyright policy, from the configuration that was really run.

Measure 1.1 of the Copyright chapter asks for one document that is kept current. What only the
provider can say, who is responsible above all, stays open.
"""

from __future__ import annotations

from collections.abc import Iterator

from crawler.reports import facts
from crawler.reports.model import Ask, Block, Code, Document, Field, Report, Section
from crawler.reports.rendering import rendered
from crawler.reports.training_summary_report import stated
from crawler.store.database import Connection
from crawler.store.queries.measures import RunRow


def build(connection: Connection, ask: Ask) -> Document:
    """The policy that a crawl was run under."""
    run = facts.run_of(connection, ask.get("crawl"))
    sections = (
        Section(title="Scope and responsibility", blocks=tuple(_scope(run))),
        Section(title="Who crawls", blocks=tuple(_identity(run))),
        Section(title="robots.txt", blocks=tuple(facts.robots_rules(run))),
        Section(title="Other machine-readable reservations", blocks=tuple(_reservations(run))),
        Section(title="Paywalls and other limits of access", blocks=tuple(facts.access_rules())),
        Section(
            title="Sites named by courts and authorities", blocks=tuple(facts.list_rules(ask.config, run))
        ),
        Section(title="How sites are asked", blocks=tuple(facts.manner(run))),
        Section(title="Evidence, and reservations that come later", blocks=tuple(_evidence())),
        Section(title="Contact and complaints", blocks=tuple(_contact(run))),
    )
    operator = facts.section(run, "operator").get("name") or run.terms["token"]
    document = Document(
        name="policy",
        title=f"Copyright policy for crawling: {operator}",
        as_of=ask.as_of,
        moment=ask.now,
        sections=sections,
    )
    return stated(document, ask.get("stated") or {})


def _scope(run: RunRow) -> Iterator[Block]:
    ended = f"{run.ended_at:%d %B %Y}" if run.ended_at else "it is not closed yet"
    yield (
        "This document is written from the configuration of a crawl as it was run, and from the code that "
        "ran it. It covers crawling; safeguards on what models put out are not part of it. It describes "
        "measures, and makes no statement on whether a use is lawful."
    )
    yield Field(no="", label="Crawl", value=f"{run.id}, {run.started_at:%d %B %Y} to {ended}")
    yield Field(no="", label="Terms of decisions", value=Code(run.policy))
    yield Field(no="", label="Uses that are intended", value=facts.uses(run))
    yield Field(no="models", label="Models this policy covers", value=None)
    yield Field(no="responsible", label="Who is responsible for putting it into practice", value=None)
    yield Field(no="oversight", label="Who oversees that", value=None)
    yield Field(no="contractors", label="Crawlers that others run on the provider's behalf", value=None)
    yield Field(no="review", label="When this policy is reviewed", value=None)


def _identity(run: RunRow) -> Iterator[Block]:
    crawler = facts.section(run, "crawler")
    yield Field(no="", label="Product token", value=Code(run.terms["token"]))
    yield Field(no="", label="User-Agent", value=Code(run.user_agent))
    yield Field(no="", label="Page about the crawler", value=crawler.get("info_url") or None)
    yield Field(no="", label="Purposes", value=tuple(crawler.get("purposes", ())) or None)
    yield Field(no="", label="Kinds of content", value=tuple(facts.section(run, "crawl").get("types", ())))


def _reservations(run: RunRow) -> Iterator[Block]:
    profile = run.terms["profile"]
    yield (
        f"Before a page is asked for, the files of its site that reserve rights are read; of its answer the "
        f"header, and of its content the elements and metadata that carry reservations. The profile is "
        f"{profile}: {facts.PROFILES[profile]}."
    )
    yield (
        "Any reservation of an intended use leaves the page out. A permission in one protocol lifts no "
        "reservation in another. What cannot be read for now is tried again and not taken meanwhile."
    )
    yield facts.protocols()


def _evidence() -> Iterator[Block]:
    yield (
        "For every page there is a decision with its reasons, its time, and the evidence it rests on. Files "
        "that reserve rights are stored as received; of a page that is left out no content is stored."
    )
    yield from facts.later_rules()


def _contact(run: RunRow) -> Iterator[Block]:
    publish = facts.section(run, "publish")
    yield Field(no="", label="Contact", value=facts.section(run, "operator").get("contact") or None)
    yield Field(no="", label="Where the record is published", value=publish.get("base_url") or None)
    if publish.get("answer_days") is not None:
        yield Field(
            no="",
            label="Complaints",
            value=(
                f"confirmed within {publish['confirm_days']} working days, answered within "
                f"{publish['answer_days']}, closed within {publish['close_days']}"
            ),
        )


def write(connection: Connection, ask: Ask) -> str:
    """The document in the form that is asked for."""
    return rendered(build(connection, ask), ask.form)


REPORT = Report(
    name="policy",
    help="""The written copyright policy, from the configuration a crawl was really run with (Measure 1.1).

    Responsibilities and models stay open unless a file states them (TOML: `responsible = "..."`).

    \b
    Examples:
      forbear report policy -o policy.md
      forbear report policy --crawl 3 --stated stated.toml -o policy.md
    """,
    options=("crawl", "stated"),
    write=write,
)

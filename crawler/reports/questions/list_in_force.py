"""Which list version was in force when a crawl started, and how old was it?"""

from __future__ import annotations

from datetime import timedelta

from crawler.present import moment
from crawler.reports.facts import run_of
from crawler.reports.model import Ask, Block, Code, Field, Table
from crawler.reports.questions.model import Question
from crawler.store.database import Connection
from crawler.store.queries.lists import sets_used


def answer(connection: Connection, ask: Ask) -> tuple[Block, ...]:
    """The sets a crawl decided by, from the first on."""
    run = run_of(connection, ask.get("crawl"))
    uses = sets_used(connection, run.id)
    return (
        Field(no="", label="Crawl", value=f"{run.id}, begun {moment(run.started_at)}"),
        Field(
            no="",
            label="Set in force when it began",
            value=Code(run.blocklist_set) if run.blocklist_set else "none is recorded",
        ),
        Table(
            name="sets",
            title="Sets of lists the crawl decided by, with the age of their oldest list at that time",
            columns=("set", "in_force_from", "oldest_list_received", "age_in_days", "entries"),
            rows=tuple(
                (
                    Code(use.set_id),
                    moment(use.active_from),
                    moment(use.oldest) if use.oldest else None,
                    round(use.age / timedelta(days=1), 2) if use.age is not None else None,
                    use.entries,
                )
                for use in uses
            ),
        ),
    )


QUESTION = Question(
    number=3,
    name="list-version",
    text="Which list version was in force when this crawl started, and how old was it?",
    takes=("crawl",),
    answer=answer,
)

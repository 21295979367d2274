"""Under which terms and which name were sites crawled on a day?"""

from __future__ import annotations

from datetime import UTC, date

from crawler.present import dumps, moment
from crawler.reports.model import Ask, Block, Code, Table, counted
from crawler.reports.questions.model import Question
from crawler.store.database import Connection
from crawler.store.queries.measures import RunRow, runs


def answer(connection: Connection, ask: Ask) -> tuple[Block, ...]:
    """Crawls that ran on the day, with their terms; all crawls where no day is given."""
    at = ask.get("at")
    rows = tuple(
        (
            run.id,
            moment(run.started_at),
            moment(run.ended_at) if run.ended_at else None,
            Code(run.identity),
            Code(run.policy),
            Code(dumps(dict(run.terms))),
        )
        for run in runs(connection)
        if at is None or _ran_on(run, at.astimezone(UTC).date())
    )
    return (
        f"{counted(len(rows), 'crawl')}.",
        Table(
            name="crawls",
            title="Crawls, and the terms of their decisions",
            columns=("crawl", "started_at", "ended_at", "identity", "policy", "terms"),
            rows=rows,
        ),
    )


def _ran_on(run: RunRow, day: date) -> bool:
    return run.started_at.date() <= day and (run.ended_at is None or run.ended_at.date() >= day)


QUESTION = Question(
    number=9,
    name="terms",
    text="Under which terms and which name were sites crawled on that day?",
    takes=("at",),
    answer=answer,
)

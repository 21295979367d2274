"""Which domains were not crawled although seeds or links pointed there?"""

from __future__ import annotations

from crawler.present import moment
from crawler.reports.model import Ask, Block, Code, Table, counted
from crawler.reports.questions.model import Question
from crawler.store.database import Connection
from crawler.store.queries.domains import never_asked
from crawler.words import in_words


def answer(connection: Connection, ask: Ask) -> tuple[Block, ...]:
    """The domains, with the main reason of each."""
    rows = tuple(
        (
            Code(one.domain),
            one.decisions,
            Code(one.reason),
            in_words(one.reason),
            moment(one.first),
            moment(one.last),
        )
        for one in never_asked(connection, ask.get("crawl"))
    )
    return (
        f"{counted(len(rows), 'domain')}. No page of them was requested; files that reserve rights may have "
        "been.",
        Table(
            name="domains",
            title="Domains that were not crawled",
            columns=("domain", "decisions", "reason", "in_words", "first", "last"),
            rows=rows,
        ),
    )


QUESTION = Question(
    number=4,
    name="not-crawled",
    text="Which domains were not crawled although seeds or links pointed there?",
    takes=("crawl",),
    answer=answer,
)

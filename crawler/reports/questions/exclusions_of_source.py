"""List every exclusion caused by a source between two days."""

from __future__ import annotations

from itertools import islice

from crawler.present import moment
from crawler.reports.model import Ask, Block, Code, Table, counted
from crawler.reports.questions.model import Question
from crawler.store.database import Connection
from crawler.store.queries.causes import CauseFilter, causes

MOST = 1000
"""Rows of an answer; `forbear export exclusions` gives all."""


def answer(connection: Connection, ask: Ask) -> tuple[Block, ...]:
    """The exclusions, as far as they fit on paper."""
    wanted = CauseFilter(
        source=ask.get("source"), since=ask.get("since"), until=ask.get("until"), domain=ask.get("domain")
    )
    found = list(islice(causes(connection, wanted), MOST + 1))
    more = "" if len(found) <= MOST else f" The first {MOST}; `forbear export exclusions` gives all."
    table = Table(
        name="exclusions",
        title="Exclusions",
        columns=("decided_at", "url", "code", "stage", "evidence", "line", "quote", "why", "decision"),
        rows=tuple(
            (
                moment(one.decision.decided_at),
                Code(one.decision.url),
                Code(one.reason.code),
                one.decision.stage,
                Code(one.reason.evidence or ""),
                one.reason.line,
                Code(one.reason.quote),
                one.reason.why,
                one.decision.id,
            )
            for one in found[:MOST]
        ),
    )
    return (f"{counted(min(len(found), MOST), 'exclusion')}.{more}", table)


QUESTION = Question(
    number=2,
    name="exclusions",
    text="List every exclusion caused by this source between these days.",
    needs=("source",),
    takes=("since", "until", "domain"),
    answer=answer,
)

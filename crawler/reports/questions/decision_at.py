"""Show the decision for a page at a time."""

from __future__ import annotations

from crawler.present import moment
from crawler.reports.model import Ask, Block, Code, Field, Table
from crawler.reports.questions.model import Question
from crawler.store.database import Connection
from crawler.store.queries.why import Explained, WhyFilter, why
from crawler.words import in_words


def answer(connection: Connection, ask: Ask) -> tuple[Block, ...]:
    """The decision in force, its reasons, and what was read for it."""
    url, at = ask.get("url"), ask.get("at")
    found = why(connection, WhyFilter(url=url, at=at, limit=1))
    if not found:
        when = f" up to {moment(at)}" if at else ""
        return (
            f"There is no decision about this page in the record{when}.",
            Field(no="", label="Page", value=Code(url)),
        )
    return (*_decision(found[0]), _reasons(found[0]), _evidence(found[0]))


def _decision(item: Explained) -> tuple[Block, ...]:
    row = item.decision
    facts = (
        ("Page", Code(row.url)),
        ("Decided at", moment(row.decided_at)),
        ("Verdict", row.verdict),
        ("In words", in_words(row.reason)),
        ("Settled", row.stage),
        ("Decision", str(row.id)),
        ("Identity", Code(row.identity)),
        ("Terms", Code(row.policy)),
    )
    return tuple(Field(no="", label=label, value=value) for label, value in facts)


def _reasons(item: Explained) -> Table:
    return Table(
        name="reasons",
        title="Reasons, most decisive first",
        columns=("code", "use", "evidence", "line", "quote", "why"),
        rows=tuple(
            (Code(r.code), r.use, Code(r.evidence or ""), r.line, Code(r.quote), r.why)
            for r in item.decision.reasons
        ),
    )


def _evidence(item: Explained) -> Table:
    return Table(
        name="evidence",
        title="What was read for it",
        columns=("kind", "url", "outcome", "status", "fetched_at", "sha256", "bytes"),
        rows=tuple(
            (o.kind, Code(o.url), o.outcome, o.status, moment(o.fetched_at), Code(o.sha256), o.length)
            for o in item.observations
        ),
    )


QUESTION = Question(
    number=1,
    name="decision",
    text="Show the decision for this page at that time.",
    needs=("url",),
    takes=("at",),
    answer=answer,
)

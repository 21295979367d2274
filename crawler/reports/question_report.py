"""Questions that auditors and lawyers ask, answered from the record alone: `forbear report question N`."""

from __future__ import annotations

from crawler.reports.model import Ask, Code, Document, Report, ReportError, Section, Table
from crawler.reports.questions import questions
from crawler.reports.questions.model import Question
from crawler.reports.rendering import rendered
from crawler.store.database import Connection

OPTIONS = ("url", "host", "domain", "source", "crawl", "number", "at", "since", "until")


def write(connection: Connection, ask: Ask) -> str:
    """The answer to a question; the list of them where none is named."""
    which = ask.get("which")
    if which is None:
        return rendered(_contents(ask), ask.form)
    question = _question(str(which))
    _check(question, ask)
    document = Document(
        name=f"question {question.name}",
        title=question.text,
        as_of=ask.as_of,
        moment=ask.now,
        sections=(Section(title="Answer", blocks=question.answer(connection, ask)),),
    )
    return rendered(document, ask.form)


def _question(which: str) -> Question:
    for question in questions():
        if which in (str(question.number), question.name):
            return question
    known = ", ".join(f"{q.number} ({q.name})" for q in questions())
    raise ReportError(f"no question {which!r}; known: {known}")


def _check(question: Question, ask: Ask) -> None:
    missing = [name for name in question.needs if ask.get(name) is None]
    if missing:
        raise ReportError(f"question {question.number} needs --{missing[0]}")
    known = {"which", *question.needs, *question.takes}
    if other := sorted(set(ask.options) - known):
        raise ReportError(f"question {question.number} takes no --{other[0]}")


def _contents(ask: Ask) -> Document:
    rows = tuple(
        (
            q.number,
            q.name,
            q.text,
            Code(" ".join(f"--{name}" for name in q.needs)),
            Code(" ".join(f"--{name}" for name in q.takes)),
        )
        for q in questions()
    )
    table = Table(
        name="questions",
        title="Questions",
        columns=("number", "name", "question", "needs", "takes"),
        rows=rows,
    )
    return Document(
        name="question",
        title="Questions to expect",
        as_of=ask.as_of,
        moment=ask.now,
        sections=(Section(title="Questions", blocks=(table,)),),
    )


REPORT = Report(
    name="question",
    help="""Questions that auditors and lawyers ask, answered from the record; without a number, their list.

    \b
    Examples:
      forbear report question
      forbear report question 1 --url https://example.org/article --at 2026-03-03
      forbear report question exclusions --source blocklist --since 2026-01-01
    """,
    options=("which", *OPTIONS),
    write=write,
)

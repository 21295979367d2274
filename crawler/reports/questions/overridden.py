"""Which entries were overridden, by whom, on what ground?"""

from __future__ import annotations

from crawler.lists import ListError
from crawler.lists.overrides import override_log
from crawler.present import moment
from crawler.reports.model import Ask, Block, Code, ReportError, Table, counted
from crawler.reports.questions.model import Question
from crawler.store.database import Connection


def answer(connection: Connection, ask: Ask) -> tuple[Block, ...]:
    """Every exemption that was ever made, and every one that was taken back."""
    try:
        logged = override_log(ask.config)
    except ListError as error:
        raise ReportError(str(error)) from error
    rows = tuple(
        (
            moment(one.at),
            Code(one.host),
            "taken back" if one.revoked else "exempted",
            one.by,
            one.reason,
            str(one.until) if one.until else None,
        )
        for one in logged
    )
    return (
        f"{counted(len(rows), 'line')} in the log of exemptions.",
        Table(
            name="overrides",
            title="Exemptions",
            columns=("at", "host", "what", "by", "ground", "until"),
            rows=rows,
        ),
    )


QUESTION = Question(
    number=5,
    name="overrides",
    text="Which entries of lists were overridden, by whom, on what ground?",
    answer=answer,
)

"""`forbear complaints show`: one complaint with its steps, decisions and mails."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from crawler.cli.complaints.shared import found_complaint, now, say
from crawler.cli.shared import ConfigOption, DataOption, JsonOption, configuration, reading
from crawler.present import complaint as present_complaint
from crawler.present import complaint_history, dumps
from crawler.store.queries.complaints import ComplaintRow, EventRow, TiedRow, events, tied
from crawler.store.queries.letters import MailRow, mails


def show(
    reference: Annotated[str, typer.Argument(help="Number, such as C-2026-0001.")],
    contact: Annotated[bool, typer.Option("--contact", help="With name and address.")] = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Show a complaint: what was said, what was done, the decisions it is about, and its mails.

    \b
    Example:
      forbear complaints show C-2026-0001
    """
    with reading(configuration(config, data)) as connection:
        found = found_complaint(connection, reference)
        steps, decisions = events(connection, found.id), tied(connection, found.id)
        sent = mails(connection, complaint_id=found.id)
    if as_json:
        person = {"name": found.name, "contact": found.contact} if contact else {}
        history = complaint_history(steps, decisions, sent)
        typer.echo(dumps({**present_complaint(found, now()), **person, **history}))
        return
    _print(found, contact=contact)
    _print_steps(steps)
    _print_rest(decisions, sent)


def _print(found: ComplaintRow, *, contact: bool) -> None:
    came_in = _minute(found.received_at)
    say(f"{found.reference} ({found.state}): came in {came_in}, answered in {found.language}")
    if found.due:
        late = ", LATE" if found.is_late(now()) else ""
        say(f"next step by {_minute(found.due)}{late}")
    if contact:
        say(f"from: {found.name or 'no name given'}, {found.contact or 'address deleted'}")
    for line in found.subjects.splitlines():
        say(f"about: {line}")


def _print_steps(steps: tuple[EventRow, ...]) -> None:
    for step in steps:
        say(f"{_minute(step.happened_at)}  {step.kind}, by {step.actor}")
        for line in step.content.splitlines():
            say(f"    {line}")


def _print_rest(decisions: tuple[TiedRow, ...], sent: tuple[MailRow, ...]) -> None:
    for row in decisions:
        taken = f", withdrawn {_minute(row.withdrawn_at)}" if row.withdrawn_at else ""
        say(f"decision {row.decision_id}: {row.url}: {row.verdict} ({row.reason}){taken}")
    for mail in sent:
        problem = f", {mail.problem}" if mail.problem else ""
        say(f"mail {mail.file}: {mail.state}{problem}")


def _minute(when: datetime) -> str:
    return f"{when.astimezone(UTC):%Y-%m-%d %H:%M}"

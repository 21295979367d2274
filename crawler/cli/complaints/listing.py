"""`forbear complaints list`: what waits for us, the most urgent first."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.table import Table

from crawler.cli.complaints.shared import now
from crawler.cli.shared import (
    ConfigOption,
    DataOption,
    ExitCode,
    FailedError,
    JsonOption,
    configuration,
    out,
    reading,
    visible,
)
from crawler.present import complaint as present_complaint
from crawler.present import dumps
from crawler.store.complaints import State
from crawler.store.queries.complaints import ComplaintRow, complaints, due_complaints

MOST = 100_000


def list_command(
    overdue: Annotated[
        bool, typer.Option("--overdue", help="Only those whose next step is late; exit 1 if there are any.")
    ] = False,
    state: Annotated[
        str | None, typer.Option(help="received, confirmed, upheld, declined or closed.", show_default=False)
    ] = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """List complaints that are not closed, with the day the next step was promised for; no names in it.

    The days are those of [publish]: confirm_days, answer_days, close_days.

    \b
    Examples:
      forbear complaints list
      forbear complaints list --overdue
      forbear complaints list --state closed --json
    """
    if state is not None and state not in set(State):
        raise FailedError(f"--state {state}: one of {', '.join(State)}")
    moment = now()
    with reading(configuration(config, data)) as connection:
        if overdue:
            late = due_complaints(connection, limit=MOST)
            rows = [row for row in late if row.is_late(moment) and state in (None, row.state)]
        else:
            found = complaints(connection, state=state or "", limit=MOST)
            rows = [row for row in found if state or row.state != State.CLOSED]
            rows.sort(key=lambda row: row.due or row.received_at)
    if as_json:
        for row in rows:
            typer.echo(dumps(present_complaint(row, moment)))
    else:
        _print(rows, moment, overdue=overdue)
    if overdue and rows:
        raise typer.Exit(ExitCode.NEGATIVE)


def _print(rows: list[ComplaintRow], moment: datetime, *, overdue: bool) -> None:
    if not rows:
        out.print("no complaint is overdue" if overdue else "no complaint is open", markup=False)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("number", "state", "received", "next step by", "", "about"):
        table.add_column(name, no_wrap=name != "about")
    for row in rows:
        table.add_row(
            row.reference,
            row.state,
            _day(row.received_at),
            _day(row.due),
            "LATE" if row.is_late(moment) else "",
            visible(row.domain or "-"),
        )
    out.print(table)


def _day(when: datetime | None) -> str:
    return f"{when.astimezone(UTC):%Y-%m-%d %H:%M}" if when else "-"

"""`forbear store prune`: remove what is older than the rules in `[retention]` say."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.table import Table

from crawler.cli.shared import (
    ConfigOption,
    DataOption,
    ExitCode,
    FailedError,
    JsonOption,
    configuration,
    err,
    out,
    visible,
)
from crawler.cli.store.common import ActorOption, plain, plural, say
from crawler.exports.tables.writing import actor
from crawler.present import dumps
from crawler.retention import shown
from crawler.retention.holds import Hold
from crawler.retention.model import Survey
from crawler.retention.prune import HoldsChangedError, give_back, plan, prune

NAME = "prune"


def _command(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count only; may run beside a crawl.")] = False,
    vacuum: Annotated[
        bool,
        typer.Option("--vacuum", help="Then give the space back to the disk; SQLite needs as much again."),
    ] = False,
    by: ActorOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Remove what is older than `[retention]` says and not held, in batches; each is logged.

    What a kept document's decision rests on stays, and the version of a file that is in force. May be
    killed at any moment and run again. No crawl may be running.

    \b
    Examples:
      forbear store prune --dry-run
      forbear store prune
    """
    settings = configuration(config, data)
    now = datetime.now(UTC)
    if dry_run:
        with plain():
            surveys, held = plan(settings, now)
        _print_plan(surveys, held, as_json=as_json)
        return
    with plain(), _incomplete():
        done = prune(settings, by or actor(), now, _progress if err.is_terminal else _silent)
        if vacuum:
            give_back(settings, now)
    for each in done:
        if as_json:
            typer.echo(dumps(shown.pruned(each)))
        elif each.rows:
            batches = plural(len(each.redactions), "redaction", "redactions")
            say(f"{each.rule}: {plural(each.rows, 'row', 'rows')}, {each.bytes:,} bytes removed in {batches}")
    if not as_json:
        _close(sum(each.rows for each in done), rules=len(done), vacuumed=vacuum)


@contextmanager
def _incomplete() -> Iterator[None]:
    try:
        yield
    except HoldsChangedError as error:
        raise FailedError(str(error), ExitCode.INCOMPLETE) from error


def _close(rows: int, *, rules: int, vacuumed: bool) -> None:
    if not rules:
        say("everything is kept for ever; set days in [retention] of forbear.toml")
    elif not rows:
        say("nothing is old enough")
    elif not vacuumed:
        say("the database uses the space again; --vacuum gives it back to the disk")


def _print_plan(surveys: tuple[Survey, ...], held: tuple[Hold, ...], *, as_json: bool) -> None:
    if as_json:
        for each in surveys:
            typer.echo(dumps(shown.survey(each)))
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("kind", "kept for", "rows", "bytes", "oldest", "newest", "spared by holds"):
        table.add_column(name, justify="right" if name in ("rows", "bytes") else "left", no_wrap=True)
    for each in surveys:
        spared = ", ".join(f"{rows:,} by hold {number}" for number, rows in each.spared)
        days = plural(each.days, "day", "days") if each.days else "ever"
        oldest, newest = (f"{day:%Y-%m-%d}" if day else "-" for day in (each.oldest, each.newest))
        table.add_row(each.rule, days, f"{each.rows:,}", f"{each.bytes:,}", oldest, newest, spared or "-")
    out.print(table)
    for hold in held:
        if any(number == hold.id for each in surveys for number, _ in each.spared):
            out.print(
                visible(f"hold {hold.id}: {hold.kind} {hold.subject}: {hold.reason}"),
                markup=False,
                soft_wrap=True,
            )


def _progress(rule: str, rows: int) -> None:
    err.print(f"{rule}: {rows} rows", end="\r", markup=False)


def _silent(rule: str, rows: int) -> None:
    """No progress where nobody looks."""


COMMAND = _command

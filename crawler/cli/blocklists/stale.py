"""`forbear blocklists stale`: how old the lists are."""

from __future__ import annotations

from datetime import UTC, datetime

import typer

from crawler.cli.shared import ConfigOption, DataOption, ExitCode, FailedError, configuration, out, visible
from crawler.lists import ListError, load_lists
from crawler.lists.freshness import freshness, must_stop
from crawler.lists.loading import load_register


def register(group: typer.Typer) -> None:
    """Add the subcommand."""
    group.command("stale")(stale)


def stale(config: ConfigOption = None, data: DataOption = None) -> None:
    """Show the age of each list against its cadence. Exit 1 if one is stale, 3 if no crawl may start."""
    settings = configuration(config, data)
    try:
        ages = freshness(settings, load_lists(settings), load_register(settings), datetime.now(UTC))
    except ListError as error:
        raise FailedError(str(error)) from error
    for age in ages:
        days = "never fetched" if age.age is None else f"{age.age.days} days, stale after {age.limit.days}"
        out.print(visible(f"{'STALE' if age.stale else 'ok':5} {age.name}: {days}"), markup=False)
    if must_stop(settings, ages):
        raise typer.Exit(ExitCode.INCOMPLETE)
    if any(age.stale for age in ages):
        raise typer.Exit(ExitCode.NEGATIVE)

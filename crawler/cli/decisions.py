"""`forbear decisions export`: one line a decision."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crawler.cli.export.shared import Form, Restart, export_table, selection
from crawler.cli.shared import ConfigOption, DataOption, configuration
from crawler.exports.tables import tables

group = typer.Typer(no_args_is_help=True, help="Write out the recorded decisions.", rich_markup_mode=None)


def register(app: typer.Typer) -> None:
    """Add the subcommand and its own."""
    app.add_typer(group, name="decisions")


@group.callback()
def _group() -> None:
    """The recorded decisions."""


@group.command()
def export(
    form: Form = "jsonl",
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="File; else stdout.", show_default=False)
    ] = None,
    domain: Annotated[str | None, typer.Option(help="Registrable domain.")] = None,
    host: Annotated[str | None, typer.Option(help="Host name.")] = None,
    prefix: Annotated[str | None, typer.Option(help="URL prefix.")] = None,
    verdict: Annotated[str | None, typer.Option(help="keep, exclude or defer.")] = None,
    reason: Annotated[
        str | None, typer.Option(help="Reason code or its dotted beginning, such as robots.")
    ] = None,
    since: Annotated[str | None, typer.Option(help="From this day or time on (UTC).")] = None,
    until: Annotated[str | None, typer.Option(help="Before this day or time (UTC).")] = None,
    restart: Restart = False,
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Export decisions, one a line, in the order they were recorded.

    Killed or stopped, the same command goes on after what is written, and ends with the same bytes.

    \b
    Examples:
      forbear decisions export -o decisions.jsonl
      forbear decisions export --format csv --verdict exclude --reason robots
      forbear decisions export --domain example.org --since 2026-01-01
    """
    wanted = selection(
        {
            "domain": domain,
            "host": host,
            "prefix": prefix,
            "verdict": verdict,
            "reason": reason,
            "since": since,
            "until": until,
        }
    )
    settings = configuration(config, data)
    export_table(settings, tables()["decisions"], form, wanted, output, restart=restart)

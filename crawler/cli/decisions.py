"""`forbear decisions export`: one line a decision."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from crawler.cli.shared import ConfigOption, DataOption, FailedError, configuration, err, reading, visible
from crawler.exports import discover, write_file
from crawler.store.queries.decisions import DecisionFilter, decisions

group = typer.Typer(no_args_is_help=True, help="The recorded decisions.", rich_markup_mode=None)


def register(app: typer.Typer) -> None:
    """Add the subcommand and its own."""
    app.add_typer(group, name="decisions")


@group.callback()
def _group() -> None:
    """The recorded decisions."""


@group.command()
def export(
    form: Annotated[str, typer.Option("--format", help="jsonl, csv or parquet.")] = "jsonl",
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
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Export decisions, one a line, in the order they were recorded.

    Examples:

      forbear decisions export -o decisions.jsonl
      forbear decisions export --format csv --verdict exclude --reason robots
      forbear decisions export --domain example.org --since 2026-01-01
    """
    formats = discover()
    if form not in formats:
        raise FailedError(f"no format {form!r}; known: {', '.join(formats)}")
    if form == "parquet" and output is None:
        raise FailedError("parquet is no text: name a file with -o")
    wanted = DecisionFilter(
        domain=domain,
        host=host,
        url_prefix=prefix,
        verdict=verdict,
        reason=reason,
        since=_moment("--since", since),
        until=_moment("--until", until),
    )
    with reading(configuration(config, data)) as connection:
        rows = decisions(connection, wanted)
        if output is None:
            formats[form].write(rows, sys.stdout.buffer)
        else:
            count = write_file(formats[form], rows, output)
            err.print(visible(f"{count} decisions in {output}"), markup=False)


def _moment(flag: str, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        value = datetime.fromisoformat(text)
    except ValueError as error:
        raise FailedError(f"{flag} {text}: write 2026-11-24 or 2026-11-24T10:00:00Z") from error
    return value if value.tzinfo else value.replace(tzinfo=UTC)

"""`forbear export sqlite`: the record as one file."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from crawler.about import about
from crawler.cli.export.shared import Restart, enter, writing
from crawler.cli.shared import (
    ConfigOption,
    DataOption,
    configuration,
    err,
    reading,
    visible,
)
from crawler.exports.snapshot import export_snapshot


def register(group: typer.Typer) -> None:
    """Add the subcommand."""
    group.command()(sqlite)


def sqlite(
    output: Annotated[Path, typer.Option("-o", "--output", help="File to make.")],
    restart: Restart = False,
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """The record as one SQLite file, for Datasette or your own SQL. Complaints and secrets are not in it.

    \b
    Examples:
      forbear export sqlite -o record.db
    """
    settings = configuration(config, data)
    with reading(settings) as connection, writing(output):
        software, entering = about(settings).software, partial(enter, settings)
        made = export_snapshot(connection, output, software, enter=entering, restart=restart)
    err.print(visible(f"{made.rows} rows in {output}"), markup=False, soft_wrap=True)

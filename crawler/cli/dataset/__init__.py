"""`forbear dataset`: export the documents that may be used now, take back, check what was exported."""

from __future__ import annotations

import typer

from crawler.cli.dataset.check import check
from crawler.cli.dataset.export import export
from crawler.cli.dataset.withdraw import withdraw

group = typer.Typer(
    no_args_is_help=True,
    help="Export the documents that may be used now, take some back, check a data set.",
    rich_markup_mode=None,
)


def register(app: typer.Typer) -> None:
    """Add the subcommand and its own."""
    for command in (export, withdraw, check):
        group.command(name=command.__name__)(command)
    app.add_typer(group, name="dataset")

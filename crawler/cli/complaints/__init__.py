"""`forbear complaints`: take mail in, see what waits, answer, send."""

from __future__ import annotations

import typer

from crawler.cli.complaints.answer import answer
from crawler.cli.complaints.intake import intake
from crawler.cli.complaints.listing import list_command
from crawler.cli.complaints.send import send
from crawler.cli.complaints.show import show

group = typer.Typer(no_args_is_help=True, help="Complaints, by mail and by form.", rich_markup_mode=None)


def register(app: typer.Typer) -> None:
    """Add the subcommand and its own."""
    for command in (intake, show, answer, send):
        group.command(name=command.__name__)(command)
    group.command(name="list")(list_command)
    app.add_typer(group, name="complaints")

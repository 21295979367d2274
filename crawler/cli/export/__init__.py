"""`forbear export`: tables of the record, a snapshot of it, the evidence about one domain."""

from __future__ import annotations

import typer

from crawler.cli.discovery import add_modules

_HELP = """Take rows, a snapshot or the evidence about a domain out of the record.

Every export is entered in the record's audit trail: who, when, what, with which digests.
"""


def register(app: typer.Typer) -> None:
    """Add the subcommand and its own."""
    group = typer.Typer(no_args_is_help=True, help=_HELP, rich_markup_mode=None)
    add_modules(group, __name__, __path__)
    app.add_typer(group, name="export")

"""`forbear blocklists`: lists of courts and authorities, one subcommand a file."""

from __future__ import annotations

import typer

from crawler.cli.discovery import add_modules

_HELP = """Sites that courts and authorities list: what is listed, why, how old it is, and how to get off.

Lists come in with `import` or `update`; `explain HOST` answers for one host.
"""


def register(app: typer.Typer) -> None:
    """Add the subcommand and its own."""
    group = typer.Typer(no_args_is_help=True, help=_HELP, rich_markup_mode=None)
    add_modules(group, __name__, __path__)
    app.add_typer(group, name="blocklists")

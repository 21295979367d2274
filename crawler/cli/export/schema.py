"""`forbear export schema NAME`: what a line of a table is."""

from __future__ import annotations

from typing import Annotated

import typer

from crawler.cli.shared import (
    FailedError,
)
from crawler.exports.tables import tables
from crawler.exports.tables.json_schema import schema_text


def register(group: typer.Typer) -> None:
    """Add the subcommand."""
    group.command()(schema)


def schema(
    name: Annotated[str, typer.Argument(help="Name of a table.")],
) -> None:
    """Print the JSON Schema of a table: what a line of its JSON Lines is.

    \b
    Examples:
      forbear export schema decisions
    """
    found = tables().get(name)
    if found is None:
        raise FailedError(f"no table {name!r}; known: {', '.join(tables())}")
    typer.echo(schema_text(found), nl=False)

"""`forbear export NAME`: the tables of the record, one subcommand each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import typer

from crawler.cli.export.shared import Form, Outfile, Restart, export_table, selection, with_options
from crawler.cli.shared import ConfigOption, DataOption, configuration
from crawler.exports.tables import Table, tables


def register(group: typer.Typer) -> None:
    """Add a subcommand for every table."""
    for table in tables().values():
        group.command(name=table.name)(with_options(_of(table), table.takes, _help(table)))


def _of(table: Table[Any]) -> Callable[..., None]:
    def run(
        form: Form = "jsonl",
        output: Outfile = None,
        restart: Restart = False,
        config: ConfigOption = None,
        data: DataOption = None,
        **values: Any,
    ) -> None:
        settings = configuration(config, data)
        export_table(settings, table, form, selection(values), output, restart=restart)

    return run


def _help(table: Table[Any]) -> str:
    return (
        f"{table.title}: {table.description}\n\n\b\nExamples:\n"
        f"  forbear export {table.name} -o {table.name}.jsonl\n"
        f"  forbear export {table.name} --format csv -o {table.name}.csv"
    )

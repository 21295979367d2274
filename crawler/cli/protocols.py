"""`forbear protocols`: which protocols are honoured, how each stands, and since when."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from crawler.cli.shared import ConfigOption, JsonOption, configuration, out, visible
from crawler.config import Config
from crawler.present import dumps
from reservations.protocol_table import ProtocolRow, as_dict
from reservations.protocols import discover


def register(app: typer.Typer) -> None:
    """Add the subcommand."""
    app.command(name="protocols")(protocols)


def protocols(
    as_json: JsonOption = False,
    sources: Annotated[
        bool, typer.Option("--sources", help="Also who adopted each one, and where it is published.")
    ] = False,
    config: ConfigOption = None,
) -> None:
    """List the protocols that this build honours, with their standing under the EU Code of Practice.

    `[policy] protocols` in forbear.toml names a JSON file whose rows are laid over the shipped ones, for
    example when a list of agreed protocols is published.

    \b
    Examples:
      forbear protocols
      forbear protocols --sources
      forbear protocols --json
    """
    settings = configuration(config, None)
    if as_json:
        for row in settings.protocol_table.rows:
            typer.echo(dumps(as_dict(row)))
    else:
        _print(settings, sources=sources)


def _print(config: Config, *, sources: bool) -> None:
    rows = config.protocol_table.rows
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("protocol", "standing", "published", "honoured since", "by"):
        table.add_column(name, no_wrap=name != "by")
    for row in rows:
        since = row.honoured_since if row.enabled else "off: only shown"
        table.add_row(*map(visible, (row.name, row.standing, row.date, since, row.body)))
    out.print(table)
    if sources:
        _print_sources(rows)
    out.print(f"table {visible(config.protocol_table.version)}", markup=False, soft_wrap=True)


def _print_sources(rows: tuple[ProtocolRow, ...]) -> None:
    titles = {protocol.name: protocol.title for protocol in discover()}
    for row in rows:
        lines = (f"{row.name}: {titles[row.name]}, {row.version}", f"  {row.adopted_by}", f"  {row.source}")
        for line in lines:
            out.print(visible(line), markup=False, soft_wrap=True)

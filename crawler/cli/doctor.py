"""`forbear doctor`: look at an instance and say what is wrong with it."""

from __future__ import annotations

import typer
from rich.table import Table
from rich.text import Text

from crawler.cli.shared import ConfigOption, DataOption, ExitCode, configuration, out, visible
from crawler.doctor import Health, diagnose

_STYLES = {Health.OK: "green", Health.NOTE: "yellow", Health.BAD: "red"}


def register(app: typer.Typer) -> None:
    """Add the subcommand."""
    app.command(name="doctor")(doctor)


def doctor(config: ConfigOption = None, data: DataOption = None) -> None:
    """Check configuration, packages, readers, record, disk, lists and network settings. Asks nobody.

    Exit 1 if something keeps a crawl from starting or would make its record wrong.

    \b
    Examples:
      forbear doctor
      forbear doctor --data /srv/forbear
    """
    findings = list(diagnose(configuration(config, data)))
    table = Table(box=None, show_header=False, pad_edge=False)
    for finding in findings:
        says = Text(visible(finding.says, keep_newlines=True))
        table.add_row(Text(finding.health, style=_STYLES[finding.health]), finding.about, says)
    out.print(table)
    if any(finding.health is Health.BAD for finding in findings):
        raise typer.Exit(ExitCode.NEGATIVE)

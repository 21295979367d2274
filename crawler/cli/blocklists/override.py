"""`forbear blocklists override`: visit a host although a list names it, by whom and why."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from crawler.cli.shared import ConfigOption, DataOption, FailedError, configuration, out, visible
from crawler.lists import ListError
from crawler.lists.overrides import add_override, override_log


def register(group: typer.Typer) -> None:
    """Add the subcommand."""
    group.command("override")(override)


def override(
    host: Annotated[str | None, typer.Argument(help="The host; without it, the log is shown.")] = None,
    reason: Annotated[str, typer.Option(help="Why. Recorded, and part of every set.")] = "",
    by: Annotated[str, typer.Option(help="Who decides. Recorded.")] = "",
    until: Annotated[datetime | None, typer.Option(help="Last day.", formats=["%Y-%m-%d"])] = None,
    revoke: Annotated[bool, typer.Option("--revoke", help="End an override.")] = False,
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Exempt a host with all below it from entries no more specific than it. Entry and log stay.

    \b
    Examples:
      forbear blocklists override example.org --by "A. Jurist" --reason "new owner since May, mail of 3 June"
      forbear blocklists override example.org --revoke --by "A. Jurist" --reason "listed again"
    """
    settings = configuration(config, data)
    try:
        if host is None:
            for each in override_log(settings):
                end = "revoked" if each.revoked else f"until {each.until}" if each.until else "no end"
                out.print(
                    visible(f"{each.at:%Y-%m-%d %H:%M UTC}: {each.host}: {each.by}: {each.reason} ({end})"),
                    markup=False,
                    soft_wrap=True,
                )
            return
        made = add_override(
            settings, host, by=by, reason=reason, until=until.date() if until else None, revoke=revoke
        )
    except ListError as error:
        raise FailedError(str(error)) from error
    out.print(visible(f"{made.host}: {'override revoked' if revoke else 'overridden'}"), markup=False)

"""`forbear store holds`: what is held, since when and why."""

from __future__ import annotations

from typing import Annotated

import typer

from crawler.cli.shared import ConfigOption, DataOption, JsonOption, configuration
from crawler.cli.store.common import plain, say
from crawler.present import dumps
from crawler.retention import shown
from crawler.retention.holding import listed

NAME = "holds"


def _command(
    everything: Annotated[bool, typer.Option("--all", help="Released ones too.")] = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """List the holds in force.

    \b
    Examples:
      forbear store holds
      forbear store holds --all --json
    """
    settings = configuration(config, data)
    with plain():
        found = listed(settings, released=everything)
    for hold in found:
        if as_json:
            typer.echo(dumps(shown.hold(hold)))
            continue
        since = f"since {hold.placed_at:%d %B %Y} by {hold.placed_by}"
        say(f"{hold.id:>4}  {hold.kind} {hold.subject}: {hold.reason} ({since})")
        if hold.released_at is not None:
            ended = f"released on {hold.released_at:%d %B %Y} by {hold.released_by}"
            say(f"{ended}: {hold.release_reason}", indent=6)
    if not found and not as_json:
        say("nothing is held")


COMMAND = _command

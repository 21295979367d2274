"""`forbear store removals`: what was removed, by whom, when and why."""

from __future__ import annotations

import typer

from crawler.cli.shared import ConfigOption, DataOption, JsonOption, configuration, reading
from crawler.cli.store.common import plural, say
from crawler.present import dumps
from crawler.retention import shown
from crawler.retention.model import Redaction
from crawler.store.queries.retention import all_redactions

NAME = "removals"


def _command(as_json: JsonOption = False, config: ConfigOption = None, data: DataOption = None) -> None:
    """List every removal, the oldest first: on request, and each batch of a retention rule.

    \b
    Examples:
      forbear store removals
      forbear store removals --json
    """
    found = False
    with reading(configuration(config, data)) as connection:
        for made in all_redactions(connection):
            found = True
            if as_json:
                typer.echo(dumps(shown.redaction(made)))
            else:
                _print(made)
    if not found and not as_json:
        say("nothing was removed")


def _print(made: Redaction) -> None:
    what = " ".join(part for part in (made.kind, made.subject or made.host) if part)
    rows = plural(made.rows, "row", "rows")
    say(f"{made.id:>4}  {made.removed_at:%d %B %Y} by {made.actor}: {what}, {rows}, {made.bytes:,} bytes")
    say(f"{made.reason}; entry {made.position} of the log", indent=6)


COMMAND = _command

"""`forbear store release`: end a hold."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from crawler.cli.shared import ConfigOption, DataOption, ExitCode, FailedError, configuration
from crawler.cli.store.common import ActorOption, ReasonOption, plain, required, say
from crawler.exports.tables.writing import actor
from crawler.retention.holding import release

NAME = "release"


def _command(
    hold: Annotated[int, typer.Argument(help="Number of the hold; `forbear store holds` lists them.")],
    reason: ReasonOption,
    by: ActorOption = None,
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """End a hold. It stays in the record, with who ended it and why.

    \b
    Examples:
      forbear store release 1 --reason "Case closed"
    """
    settings = configuration(config, data)
    with plain():
        done = release(settings, hold, required(reason), by or actor(), datetime.now(UTC))
    if not done:
        raise FailedError(f"no hold {hold} is in force", ExitCode.NEGATIVE)
    say(f"hold {hold} released")


COMMAND = _command

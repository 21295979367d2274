"""`forbear blocklists diff`: what changed between two sets."""

from __future__ import annotations

from typing import Annotated

import typer

from blocklists import wording
from blocklists.model import Entry
from blocklists.snapshot import Snapshot
from crawler.cli.shared import ConfigOption, DataOption, ExitCode, FailedError, configuration, out, visible
from crawler.lists import ListError
from crawler.lists.loading import load_set


def register(group: typer.Typer) -> None:
    """Add the subcommand."""
    group.command("diff")(diff)


def diff(
    before: Annotated[str, typer.Argument(help="A set: first digits of its id, a snapshot file, or `now`.")],
    after: Annotated[str, typer.Argument(help="Another; `now` is the set in force.")] = "now",
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Show what one set names and the other does not, and whose status changed. Exit 1 if anything did.

    \b
    Examples:
      forbear blocklists diff 1f3870be now
    """
    settings = configuration(config, data)
    try:
        old, new = (_entries(load_set(settings, name)) for name in (before, after))
    except ListError as error:
        raise FailedError(str(error)) from error
    changes = [
        *(f"- {_line(old[key])}" for key in sorted(old.keys() - new.keys())),
        *(f"+ {_line(new[key])}" for key in sorted(new.keys() - old.keys())),
        *(
            f"~ {_line(new[key])} (was {wording.status_words(old[key].status)})"
            for key in sorted(old.keys() & new.keys())
            if old[key].status is not new[key].status
        ),
    ]
    for change in changes:
        out.print(visible(change), markup=False, soft_wrap=True)
    if changes:
        raise typer.Exit(ExitCode.NEGATIVE)


def _entries(snapshot: Snapshot) -> dict[tuple[str, str], Entry]:
    return {(entry.source, entry.entry_id): entry for entry in snapshot.entries()}


def _line(entry: Entry) -> str:
    return f"{entry.source}: {entry.value} ({entry.scope}), {wording.named_in(entry)}"

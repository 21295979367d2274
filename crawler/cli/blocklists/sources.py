"""`forbear blocklists sources`: the register of who publishes which list where."""

from __future__ import annotations

import typer

from crawler.cli.shared import (
    ConfigOption,
    DataOption,
    FailedError,
    JsonOption,
    configuration,
    out,
    visible,
)
from crawler.lists import ListError
from crawler.lists import present as shown
from crawler.lists.freshness import enabled
from crawler.lists.loading import load_register
from crawler.present import dumps


def register(group: typer.Typer) -> None:
    """Add the subcommand."""
    group.command("sources")(sources)


def sources(as_json: JsonOption = False, config: ConfigOption = None, data: DataOption = None) -> None:
    """Show the registered sources: publisher, format, cadence, licence, trust, and where they are found.

    A register of your own, `blocklists/sources.toml` in the data folder, adds to it or replaces entries.
    """
    settings = configuration(config, data)
    try:
        register = load_register(settings)
    except ListError as error:
        raise FailedError(str(error)) from error
    on = set(enabled(settings))
    for source in register.values():
        if as_json:
            typer.echo(dumps(shown.registered(source, switched_on=source.name in on)))
            continue
        where = source.url or source.page or "no address known"
        state = "updated daily" if source.name in on else "can be fetched" if source.fetched else "by import"
        out.print(
            visible(
                f"{source.name} ({source.jurisdiction}): {source.title}, {source.publisher}; "
                f"{source.format}, {source.trust}, licence {source.licence or 'not stated'}; {state}; {where}"
            ),
            markup=False,
            soft_wrap=True,
        )
        if source.note:
            out.print(visible(f"  {source.note}"), markup=False, soft_wrap=True)

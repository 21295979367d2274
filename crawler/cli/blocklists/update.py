"""`forbear blocklists update`: fetch registered lists."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from crawler.cli.shared import (
    ConfigOption,
    DataOption,
    ExitCode,
    FailedError,
    configuration,
    err,
    out,
    visible,
)
from crawler.config import Config, ConfigError
from crawler.lists import ListError
from crawler.lists.freshness import enabled
from crawler.lists.loading import load_register
from crawler.lists.updating import Outcome, Updated, chosen
from crawler.lists.updating import update as bring_up
from crawler.network import ACCEPT_ANY, AddressGuard, Client, identity_headers, read_proxies

_EXIT = {Outcome.HELD: ExitCode.NEGATIVE, Outcome.FAILED: ExitCode.INCOMPLETE}


def register(group: typer.Typer) -> None:
    """Add the subcommand."""
    group.command("update")(update)


def update(
    names: Annotated[list[str] | None, typer.Argument(help="Sources; else those switched on.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All that can be fetched.")] = False,
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Fetch lists that changed. A version that shrinks or grows too much is held until it is approved.

    Requests are conditional and go over TLS; what is in force stays unless a new version is good.
    Exit 1 if a version is held, 3 if a list could not be had.

    \b
    Examples:
      forbear blocklists update
      forbear blocklists update citizenlab_it
    """
    settings = configuration(config, data)
    try:
        if not settings.network.allow_private:
            settings.require_identity()
        wanted = list(names or ())
        if every:
            wanted = [source.name for source in load_register(settings).values() if source.fetched]
        wanted = wanted or list(enabled(settings))
        if not wanted:
            raise FailedError(
                'no source is switched on: name some, or set `[blocklists] sources = ["..."]` in forbear.toml'
            )
        done = asyncio.run(_update(settings, wanted))
    except (ListError, ConfigError) as error:
        raise FailedError(str(error)) from error
    for each in done:
        _say(each)
    code = max((_EXIT.get(each.outcome, ExitCode.OK) for each in done), default=ExitCode.OK)
    raise typer.Exit(code)


async def _update(config: Config, names: list[str]) -> tuple[Updated, ...]:
    guard = AddressGuard(
        allow_private=config.network.allow_private, proxies=read_proxies(config.network.proxy)
    )
    headers = identity_headers(config, accept=ACCEPT_ANY)
    async with Client(guard, headers, timeout=config.network.timeout) as client:
        return await bring_up(config, client, chosen(config, names))


def _say(done: Updated) -> None:
    if done.outcome in (Outcome.HELD, Outcome.FAILED, Outcome.PROPOSED):
        text, console = f"{done.name}: {done.outcome}: {done.why}", err
        if done.outcome is Outcome.PROPOSED:
            console = out
    else:
        text, console = f"{done.name}: {done.outcome}", out
        if done.outcome is Outcome.TAKEN:
            text += f": {done.entries} entries ({done.added} new, {done.removed} gone)"
            text += f", {done.rejected} in quarantine" if done.rejected else ""
    console.print(visible(text), markup=False, soft_wrap=True)

"""`forbear blocklists late`: documents of hosts that were listed when they were fetched."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Annotated

import typer

from blocklists import wording
from crawler.cli.shared import (
    ConfigOption,
    DataOption,
    ExitCode,
    FailedError,
    configuration,
    out,
    reading,
    visible,
)
from crawler.config import Config
from crawler.frontier.lock import InstanceBusyError
from crawler.lists import ListError, list_policy, load_lists
from crawler.lists.late import Late, discover_late, quarantine_late
from crawler.session import Session
from crawler.store.queries.lists import documents


def register(group: typer.Typer) -> None:
    """Add the subcommand."""
    group.command("late")(late)


def late(
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Withdraw them, and record why.")] = False,
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Find pages held from hosts that were already listed when they were fetched, as we learned later.

    A crawl does this by itself whenever its lists change. Exit 1 if there are any.
    """
    settings = configuration(config, data)
    try:
        index = load_lists(settings).index(list_policy(settings))
        with reading(settings) as connection:
            found = discover_late(index, documents(connection))
        for each in found:
            text = f"{each.document.url}: fetched {each.document.kept_at:%Y-%m-%d}; {_named(each)}"
            out.print(visible(text), markup=False, soft_wrap=True)
        if withdraw and found:
            count = asyncio.run(_withdraw(settings, found))
            out.print(f"{count} documents withdrawn", markup=False)
    except (ListError, InstanceBusyError) as error:
        raise FailedError(str(error)) from error
    if found:
        raise typer.Exit(ExitCode.NEGATIVE)


def _named(each: Late) -> str:
    return f"{wording.named_in(each.hits[0].entry)}; entry {each.entry}"


async def _withdraw(config: Config, found: tuple[Late, ...]) -> int:
    session = Session(config)
    await session.ensure_open("forbear blocklists late")
    status = "failed"
    try:
        instance = session.instance
        count = await quarantine_late(
            found, record=instance.record, writer=instance.writer, terms=session.terms, now=datetime.now(UTC)
        )
        status = "finished"
    finally:
        await session.close(status)
    return count

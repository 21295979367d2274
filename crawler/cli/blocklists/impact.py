"""`forbear blocklists impact`: what a switch would do, before it is thrown."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated

import typer

from crawler.cli.shared import ConfigOption, DataOption, FailedError, configuration, out, reading, visible
from crawler.lists import ListError, list_policy, load_lists
from crawler.lists.impact import Impact
from crawler.lists.impact import impact as compare
from crawler.store.queries.lists import documents, hosts

_SHOWN = 20


def register(group: typer.Typer) -> None:
    """Add the subcommand."""
    group.command("impact")(impact)


def impact(
    count: Annotated[
        list[str] | None, typer.Option("--count", help="Kind to switch on: KIND or KIND:CC; repeatable.")
    ] = None,
    ignore: Annotated[
        list[str] | None, typer.Option("--ignore", help="Kind to switch off: KIND or KIND:CC; repeatable.")
    ] = None,
    jurisdictions: Annotated[str, typer.Option(help="Jurisdictions that would count, as DE,FR,IT.")] = "",
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Say which entries, hosts and documents a switch would touch. Changes nothing.

    The switches themselves are `[blocklists] count`, `ignore` and `[policy] jurisdictions`.

    \b
    Examples:
      forbear blocklists impact --count live_event:IT
      forbear blocklists impact --ignore administrative_order:LT
    """
    settings = configuration(config, data)
    try:
        before = list_policy(settings)
        after = before.switched(count or (), ignore or ())
        if jurisdictions:
            codes = {code.strip().upper() for code in jurisdictions.split(",")}
            after = replace(after, jurisdictions=frozenset(codes))
        snapshot = load_lists(settings)
    except (ListError, ValueError) as error:
        raise FailedError(str(error)) from error
    with ExitStack() as stack:
        try:
            connection = stack.enter_context(reading(settings))
        except FailedError:
            if settings.storage.database or (settings.storage.data / "forbear.db").exists():
                raise
            connection = None  # no crawl yet: the lists alone answer
        found = compare(
            snapshot,
            before,
            after,
            hosts=hosts(connection) if connection else (),
            documents=documents(connection) if connection else (),
            day=datetime.now(UTC).date(),
        )
    _print(found, recorded=connection is not None)


def _print(found: Impact, *, recorded: bool) -> None:
    _say(f"entries that count: {found.before} now, {found.after} then")
    for kind, where, change, why in found.kinds:
        _say(f"{change:+d} {kind}:{where}; {why}")
    if not recorded:
        _say("there is no record yet, so nothing can be said about hosts and documents")
        return
    _say(f"hosts of the record no longer visited: {len(found.hosts_left_out)}{_some(found.hosts_left_out)}")
    _say(f"hosts visited again: {len(found.hosts_opened)}{_some(found.hosts_opened)}")
    _say(f"documents held from hosts that would be listed: {found.documents}")


def _some(names: tuple[str, ...]) -> str:
    if not names:
        return ""
    more = f", and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f" ({', '.join(names[:_SHOWN])}{more})"


def _say(text: str) -> None:
    out.print(visible(text), markup=False, soft_wrap=True)

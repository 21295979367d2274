"""`forbear blocklists report`: what lists left out, by which entry of which set, and negative answers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from blocklists.hostnames import canonical_host
from crawler.cli.shared import (
    ConfigOption,
    DataOption,
    FailedError,
    JsonOption,
    configuration,
    out,
    reading,
    visible,
)
from crawler.lists import present as shown
from crawler.lists.explaining import short
from crawler.present import dumps
from crawler.store.database import Connection
from crawler.store.queries.lists import exclusions, not_listed, redirects_to_listed, sets_used

_DAY = ["%Y-%m-%d"]


def register(group: typer.Typer) -> None:
    """Add the subcommand."""
    group.command("report")(report)


def report(
    host: Annotated[str | None, typer.Argument(help="Only this host, with all below it.")] = None,
    source: Annotated[str | None, typer.Option(help="Only this list.")] = None,
    since: Annotated[datetime | None, typer.Option(help="From this day.", formats=_DAY)] = None,
    until: Annotated[datetime | None, typer.Option(help="Before this day.", formats=_DAY)] = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """List what was not visited because of lists: entry, set, age. Of a host, also when it was not listed.

    \b
    Examples:
      forbear blocklists report --source agcom --since 2026-11-01
      forbear blocklists report example.org --json
    """
    settings = configuration(config, data)
    name = canonical_host(host) if host else None
    if host and name is None:
        raise FailedError(f"{visible(host)} holds no host name")
    begin, end = (moment.replace(tzinfo=UTC) if moment else None for moment in (since, until))
    with reading(settings) as connection:
        for each in exclusions(connection, host=name, source=source, since=begin, until=end):
            line = dumps(shown.exclusion(each)) if as_json else _line(shown.exclusion(each))
            typer.echo(visible(line) if not as_json else line)
        if not as_json:
            _rest(connection, name)


def _rest(connection: Connection, host: str | None) -> None:
    if host is not None:
        for checked in not_listed(connection, host):
            first, last = (f"{at:%Y-%m-%d %H:%M UTC}" for at in (checked.first, checked.last))
            _say(
                f"{host}: not listed, crawl {checked.crawl}, set {short(checked.set_id)}: "
                f"{checked.decisions} decisions from {first} to {last}"
            )
        return
    for via, url in redirects_to_listed(connection):
        _say(f"for review: {via} redirected to {url}, which is listed; the redirecting site is not left out")
    for use in sets_used(connection):
        age = f"{use.age.days} days" if use.age is not None else "not recorded"
        _say(
            f"set {short(use.set_id)}: crawl {use.crawl} from {use.active_from:%Y-%m-%d %H:%M UTC}, "
            f"{use.entries} entries, oldest list {age}"
        )


def _line(row: shown.Json) -> str:
    hop = f" (redirect from {row['via']})" if row["via"] else ""
    return (
        f"{row['decided_at'][:16]} {row['stage']} {row['url']}{hop}: {row['why']}; {row['reason']}, "
        f"entry {row['entry_id'] or row['value']}, set {short(row['set'] or 'unknown')}"
    )


def _say(text: str) -> None:
    out.print(visible(text), markup=False, soft_wrap=True)

"""`forbear blocklists list`: the lists in force, and what they count as."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from blocklists.policy import justification
from blocklists.snapshot import Listing, Snapshot
from blocklists.sources import discover
from crawler.cli.shared import (
    ConfigOption,
    DataOption,
    FailedError,
    JsonOption,
    configuration,
    out,
    visible,
)
from crawler.config import Config
from crawler.lists import ListError, list_policy, load_lists
from crawler.lists import present as shown
from crawler.lists.explaining import short
from crawler.present import dumps

_NUMBERS = range(2, 6)
"""Columns of the table that hold numbers."""


def register(group: typer.Typer) -> None:
    """Add the subcommand."""
    group.command("list")(list_)


def list_(
    formats: Annotated[
        bool, typer.Option("--formats", help="Show the formats that can be imported.")
    ] = False,
    policy: Annotated[
        bool, typer.Option("--policy", help="Show which kinds of recognition count, and why.")
    ] = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Show the lists of the instance: entries, age, digest.

    \b
    Examples:
      forbear blocklists list
      forbear blocklists list --policy
    """
    if formats:
        _print_formats()
        return
    settings = configuration(config, data)
    try:
        snapshot = load_lists(settings)
        if policy:
            _print_policy(settings, snapshot)
            return
    except ListError as error:
        raise FailedError(str(error)) from error
    if as_json:
        for listing in snapshot.listings:
            typer.echo(dumps(shown.listing(listing)))
        return
    _print_lists(snapshot)


def _print_lists(snapshot: Snapshot) -> None:
    if not snapshot.listings:
        out.print(
            "no list is in force; `forbear blocklists import FILE --format ...` reads one", markup=False
        )
        return
    rows: list[tuple[str, ...]] = [
        ("list", "format", "entries", "closed", "quarantine", "days old", "retrieved", "sha256")
    ]
    rows += map(_row, snapshot.listings)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (
            text.rjust(width) if at in _NUMBERS else text.ljust(width)
            for at, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        out.print("  ".join(cells).rstrip(), markup=False, soft_wrap=True)
    total = sum(len(each.entries) for each in snapshot.listings)
    out.print(f"set {short(snapshot.set_id)}: {total} entries", markup=False)


def _row(one: Listing) -> tuple[str, ...]:
    closed = sum(entry.known_to is not None for entry in one.entries)
    return (
        visible(one.name),
        one.format,
        str(len(one.entries) - closed),
        str(closed),
        str(one.rejected),
        str((datetime.now(UTC) - one.retrieved_at).days),
        one.retrieved_at.strftime("%Y-%m-%d %H:%M UTC"),
        short(one.sha256),
    )


def _print_policy(config: Config, snapshot: Snapshot) -> None:
    policy, today = list_policy(config), datetime.now(UTC).date()
    found: dict[tuple[str, str], list[int]] = {}
    for entry in snapshot.entries():
        both = found.setdefault((entry.recognition_kind, entry.jurisdiction), [0, 0])
        both[0] += not policy.objection(entry, today)
        both[1] += 1
        if both[1] == 1:
            both.append(policy.counts(entry.recognition_kind, entry.jurisdiction))
            both.append(entry.jurisdiction in policy.jurisdictions)
    for (kind, where), (counting, total, kind_on, where_on) in sorted(found.items()):
        state = "on " if kind_on and where_on else "off"
        out.print(
            f"{state} {kind}:{where}: {counting} of {total} entries count; {_why(kind)}",
            markup=False,
            soft_wrap=True,
        )


def _why(kind: str) -> str:
    from blocklists.model import RecognitionKind

    return justification(RecognitionKind(kind))


def _print_formats() -> None:
    for source in discover():
        needs = f" Needs {', '.join(source.needs)}." if source.needs else ""
        out.print(f"{source.name}: {source.title}. {source.description}{needs}", markup=False, soft_wrap=True)

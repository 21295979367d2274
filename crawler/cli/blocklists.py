"""`forbear blocklists`: lists of courts and authorities: import, list, explain."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from blocklists.defaults import Defaults
from blocklists.model import BodyKind, Hit, RecognitionKind, Scope, Status
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
from crawler.lists import ListError, import_list, list_policy, load_lists

group = typer.Typer(
    no_args_is_help=True, help="Sites that courts and authorities list.", rich_markup_mode=None
)
_SHOWN = 20


def register(app: typer.Typer) -> None:
    """Add the subcommand and its own."""
    app.add_typer(group, name="blocklists")


@group.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="The list.")],
    form: Annotated[str, typer.Option("--format", help="jsonl, hosts, ...: `list --formats` names them.")],
    source: Annotated[
        str | None, typer.Option(help="Name of the list in reason codes; else the file's.")
    ] = None,
    ground: Annotated[str | None, typer.Option(help="Legal ground, such as copyright.")] = None,
    jurisdiction: Annotated[str | None, typer.Option(help="Two-letter code of the state.")] = None,
    body: Annotated[str | None, typer.Option(help="Court or authority.")] = None,
    body_kind: Annotated[BodyKind | None, typer.Option(help="What kind of body.")] = None,
    recognition: Annotated[RecognitionKind | None, typer.Option(help="What was recognised.")] = None,
    ref: Annotated[str, typer.Option(help="Reference of the decision.")] = "",
    decided: Annotated[
        datetime | None, typer.Option(help="Day of the decision.", formats=["%Y-%m-%d"])
    ] = None,
    scope: Annotated[Scope | None, typer.Option(help="How far an entry reaches.")] = None,
    url: Annotated[str, typer.Option(help="Where the list was published.")] = "",
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Read a list into the instance. What cannot be used goes to quarantine, with reasons; exit 1 then.

    Only copyright grounds count; a format that does not say needs the flags.

    Examples:

      forbear blocklists import orders.jsonl --format jsonl
      forbear blocklists import hosts.txt --format hosts --ground copyright --jurisdiction DE
        --body "LG Example" --ref "1 O 1/26" --scope domain_and_subdomains
    """
    settings = configuration(config, data)
    defaults = Defaults(
        source=_name(source or file.stem),
        legal_ground=ground,
        jurisdiction=jurisdiction.upper() if jurisdiction else None,
        body=body,
        body_kind=body_kind,
        recognition_kind=recognition,
        decision_ref=ref,
        decided_on=decided.date() if decided else None,
        scope=scope,
        source_url=url,
        own_hosts=frozenset(
            filter(None, (_host(settings.crawler.info_url), _host(settings.publish.base_url)))
        ),
    )
    try:
        imported = import_list(settings, file, form, defaults)
    except ListError as error:
        raise FailedError(str(error)) from error
    listing, rejected = imported.listing, imported.parsed.rejected
    out.print(
        visible(f"{listing.name}: {len(listing.entries)} entries, {len(rejected)} in quarantine"),
        markup=False,
    )
    for row in rejected[:_SHOWN]:
        remedy = f"; {row.remedy}" if row.remedy else ""
        err.print(visible(f"{file}:{row.line}: {row.reason}{remedy}"), markup=False, soft_wrap=True)
    if len(rejected) > _SHOWN:
        err.print(
            f"... and {len(rejected) - _SHOWN} more, all in {settings.storage.data / 'blocklists'}",
            markup=False,
        )
    if rejected:
        raise typer.Exit(ExitCode.NEGATIVE)


@group.command("list")
def list_(
    formats: Annotated[
        bool, typer.Option("--formats", help="Show the formats that can be imported.")
    ] = False,
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Show the lists of the instance: entries, age, digest."""
    if formats:
        _print_formats()
        return
    try:
        snapshot = load_lists(configuration(config, data))
    except ListError as error:
        raise FailedError(str(error)) from error
    if not snapshot.listings:
        out.print(
            "no list was imported; `forbear blocklists import FILE --format ...` reads one", markup=False
        )
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("list", "format", "entries", "quarantine", "retrieved", "age in days", "sha256"):
        table.add_column(
            name, justify="right" if name in ("entries", "quarantine", "age in days") else "left"
        )
    for one in snapshot.listings:
        age = (datetime.now(UTC) - one.retrieved_at).days
        table.add_row(
            visible(one.name),
            one.format,
            str(len(one.entries)),
            str(one.rejected),
            one.retrieved_at.strftime("%Y-%m-%d %H:%M UTC"),
            str(age),
            one.sha256[:16],
        )
    out.print(table)
    out.print(
        f"set {snapshot.set_id[:16]}: {sum(len(x.entries) for x in snapshot.listings)} entries", markup=False
    )


@group.command()
def explain(
    host: Annotated[str, typer.Argument(help="Host name or URL.")],
    at: Annotated[datetime | None, typer.Option(help="On this day.", formats=["%Y-%m-%d"])] = None,
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Say whether a host is listed on a day, by which decision, and what else the lists say of it.

    Exit 1 if it is listed.

    Examples:

      forbear blocklists explain example.org
      forbear blocklists explain www.example.org --at 2025-06-01
    """
    settings = configuration(config, data)
    try:
        snapshot = load_lists(settings)
    except ListError as error:
        raise FailedError(str(error)) from error
    day = at.date() if at else datetime.now(UTC).date()
    policy = list_policy(settings)
    index = snapshot.index(policy)
    hits = index.lookup(host, day)
    for hit in hits:
        out.print(visible(f"not visited: {_sentence(hit)}"), markup=False, soft_wrap=True)
    for hit in index.mentions(host):
        if hit not in hits:
            why_not = policy.objection(hit.entry, day)
            out.print(
                visible(f"mentioned, does not count: {_sentence(hit)}; {why_not}"),
                markup=False,
                soft_wrap=True,
            )
    if not hits:
        names = ", ".join(x.name for x in snapshot.listings) or "no lists"
        out.print(
            visible(f"{host} is not listed on {day} in set {snapshot.set_id[:16]} ({names})"),
            markup=False,
            soft_wrap=True,
        )
        return
    raise typer.Exit(ExitCode.NEGATIVE)


def _name(text: str) -> str:
    """A list's name as it stands in reason codes: lower case, digits, `-` and `_`."""
    name = re.sub(r"[^a-z0-9_-]+", "-", text.lower()).strip("-")
    if not name:
        raise FailedError(f"--source {text!r}: no letter or digit in it; name the list, such as at-rtr")
    return name[:60]


def _sentence(hit: Hit) -> str:
    entry = hit.entry
    decided = _date(entry.decided_on) or "date not recorded"
    status = "in force, term unknown" if entry.status is Status.TERM_UNKNOWN else str(entry.status)
    return (
        f"named in {entry.decision_ref or 'an order without reference'}, "
        f"{entry.body} ({entry.jurisdiction}), "
        f"{decided}; recorded status {status}; entry {entry.value} ({entry.scope}), "
        f"list {entry.source}, sha256 {hit.snapshot[:16]}"
    )


def _date(day: date | None) -> str:
    return day.strftime("%d %B %Y") if day else ""


def _print_formats() -> None:
    from blocklists.sources import discover

    for source in discover():
        needs = f" Needs {', '.join(source.needs)}." if source.needs else ""
        out.print(f"{source.name}: {source.title}. {source.description}{needs}", markup=False, soft_wrap=True)


def _host(url: str) -> str:
    from blocklists.hostnames import canonical_host

    return canonical_host(url) or "" if url else ""

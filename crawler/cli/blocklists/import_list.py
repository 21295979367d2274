"""`forbear blocklists import`: take a list from a file."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from blocklists.defaults import Defaults
from blocklists.model import BodyKind, RecognitionKind, Rejected, Scope
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
from crawler.lists import Imported, ListError, import_list
from crawler.lists.files import folder, list_name

_SHOWN = 20


def register(group: typer.Typer) -> None:
    """Add the subcommand."""
    group.command("import")(import_)


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
    until: Annotated[
        datetime | None, typer.Option(help="Last day of the block.", formats=["%Y-%m-%d"])
    ] = None,
    scope: Annotated[Scope | None, typer.Option(help="How far an entry reaches.")] = None,
    url: Annotated[str, typer.Option(help="Where the list was published.")] = "",
    column: Annotated[
        list[str] | None, typer.Option(help="FIELD=HEADING or FIELD=NUMBER, for tables; repeatable.")
    ] = None,
    selector: Annotated[str, typer.Option(help="CSS selector of the names, for web pages.")] = "",
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Read a list into the instance. What cannot be used goes to quarantine, with reasons; exit 1 then.

    Only copyright grounds count; a format that does not say needs the flags. What an earlier version
    of the list named and this one does not is closed, not forgotten.

    \b
    Examples:
      forbear blocklists import orders.jsonl --format jsonl
      forbear blocklists import hosts.txt --format hosts --ground copyright --jurisdiction DE
        --body "LG Example" --ref "1 O 1/26" --scope domain_and_subdomains
      forbear blocklists import rettigheder.csv --format csv_table --column value=Domæne
        --ground copyright --jurisdiction DK --body "Københavns Byret"
      forbear blocklists import judgment.txt --format court_text --body "Oslo tingrett" --jurisdiction NO
    """
    settings = configuration(config, data)
    try:
        defaults = Defaults(
            source=list_name(source or file.stem),
            legal_ground=ground,
            jurisdiction=jurisdiction.upper() if jurisdiction else None,
            body=body,
            body_kind=body_kind,
            recognition_kind=recognition,
            decision_ref=ref,
            decided_on=decided.date() if decided else None,
            valid_to=until.date() if until else None,
            scope=scope,
            source_url=url,
            columns=tuple(map(_column, column or ())),
            selector=selector,
        )
        imported = import_list(settings, file, form, defaults)
    except ListError as error:
        raise FailedError(str(error)) from error
    _say(imported)
    rejected = imported.parsed.rejected
    print_rejected(str(file), rejected)
    if len(rejected) > _SHOWN:
        err.print(f"... and {len(rejected) - _SHOWN} more, all in {folder(settings)}", markup=False)
    if rejected:
        raise typer.Exit(ExitCode.NEGATIVE)


def print_rejected(where: str, rejected: tuple[Rejected, ...]) -> None:
    """The first lines that were not taken, on stderr, with what would help."""
    for row in rejected[:_SHOWN]:
        remedy = f"; {row.remedy}" if row.remedy else ""
        err.print(visible(f"{where}:{row.line}: {row.reason}{remedy}"), markup=False, soft_wrap=True)


def _say(imported: Imported) -> None:
    listing, rejected = imported.listing, imported.parsed.rejected
    if imported.proposals is not None:
        names = len(imported.parsed.proposals)
        out.print(
            visible(
                f"{listing.name}: {names} names proposed in {imported.proposals}; none counts until "
                f"`forbear blocklists approve {listing.name} --name HOST --by WHO --reason WHY`"
            ),
            markup=False,
            soft_wrap=True,
        )
        return
    current = sum(entry.known_to is None for entry in listing.entries)
    closed = len(listing.entries) - current
    more = f", {closed} closed" if closed else ""
    out.print(
        visible(f"{listing.name}: {current} entries{more}, {len(rejected)} in quarantine"), markup=False
    )


def _column(text: str) -> tuple[str, str]:
    name, separator, heading = text.partition("=")
    if not separator or not heading:
        raise FailedError(f"--column {text}: write FIELD=HEADING or FIELD=NUMBER, such as value=Domain")
    return name, heading

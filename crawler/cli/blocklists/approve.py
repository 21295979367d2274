"""`forbear blocklists approve`: a person takes a held version of a list, or names found in a text."""

from __future__ import annotations

from typing import Annotated

import typer

from blocklists.model import Scope
from crawler.cli.blocklists.import_list import print_rejected
from crawler.cli.shared import ConfigOption, DataOption, ExitCode, FailedError, configuration, out, visible
from crawler.config import Config
from crawler.lists import ListError
from crawler.lists.approvals import Signature, approve_held, approve_names, held
from crawler.lists.proposals import waiting


def register(group: typer.Typer) -> None:
    """Add the subcommand."""
    group.command("approve")(approve)


def approve(
    source: Annotated[str | None, typer.Argument(help="The list; without it, what waits is shown.")] = None,
    by: Annotated[str, typer.Option(help="Who approves. Recorded.")] = "",
    reason: Annotated[str, typer.Option(help="Why. Recorded.")] = "",
    name: Annotated[
        list[str] | None, typer.Option("--name", help="A proposed name to take; repeatable.")
    ] = None,
    scope: Annotated[
        Scope, typer.Option(help="How far the names reach, by the decision.")
    ] = Scope.DOMAIN_AND_SUBDOMAINS,
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Take a version that was held because it changed too much, or names proposed from a decision's text.

    Without arguments, show what waits; exit 1 if something does.

    \b
    Examples:
      forbear blocklists approve
      forbear blocklists approve agcom --by "A. Jurist" --reason "the annex was re-issued in two parts"
      forbear blocklists approve oslo-2026 --name film-one.com --by "A. Jurist" --reason "operative part"
    """
    settings = configuration(config, data)
    try:
        if source is None:
            _show(settings)
            return
        signature = Signature(by=by, reason=reason)
        if not name:
            listing = approve_held(settings, source, signature)
            out.print(visible(f"{listing.name}: in force, sha256 {listing.sha256[:16]}"), markup=False)
            return
        imported = approve_names(settings, source, name, signature, scope=scope)
    except ListError as error:
        raise FailedError(str(error)) from error
    out.print(visible(f"{source}: {len(imported.listing.entries)} entries"), markup=False)
    print_rejected(source, imported.parsed.rejected)
    if imported.parsed.rejected:
        raise typer.Exit(ExitCode.NEGATIVE)


def _show(config: Config) -> None:
    versions, proposed = held(config), waiting(config)
    for listing in versions:
        out.print(visible(f"{listing.name}: a version of {len(listing.entries)} names waits"), markup=False)
    for each in proposed:
        for proposal in each.names:
            doubts = f" [{'; '.join(proposal.doubts)}]" if proposal.doubts else ""
            out.print(
                visible(f"{each.source}: {proposal.value}, line {proposal.line}{doubts}: {proposal.context}"),
                markup=False,
                soft_wrap=True,
            )
    if versions or proposed:
        raise typer.Exit(ExitCode.NEGATIVE)
    out.print("nothing waits", markup=False)

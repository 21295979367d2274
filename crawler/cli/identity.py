"""`forbear identity`: publish who we are, look at it, test it, change the key."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crawler.cli.shared import (
    ConfigOption,
    DataOption,
    ExitCode,
    FailedError,
    JsonOption,
    configuration,
    err,
    out,
    visible,
)
from crawler.config import Config, ConfigError
from crawler.present import dumps, moment

if TYPE_CHECKING:
    from crawler.store.queries.publications import Publication

_STYLES = {"ok": "green", "note": "yellow", "bad": "red"}


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(help="Say who we are, so that it can be verified.", no_args_is_help=True)
    group.command()(build)
    group.command()(show)
    group.command()(check)
    group.command(name="rotate-key")(rotate_key)
    app.add_typer(group, name="identity")


def build(
    to: Annotated[Path, typer.Option("--out", "-o", help="Folder to write; a web root.")],
    effective: Annotated[
        str,
        typer.Option(
            help="When changes take effect: 2026-12-01, or `now`. Default: after [identity] notice."
        ),
    ] = "",
    domain: Annotated[
        list[str] | None, typer.Option(help="Also the feeds of this domain, repeatable.", show_default=False)
    ] = None,
    domains: Annotated[
        bool,
        typer.Option("--domains", help="Also the feeds of every domain with a reservation or exclusion."),
    ] = False,
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Announce what has changed, and write page, twin, addresses, key directory and feeds as files.

    Run it after each change and once a day, and copy the folder to your host. Files that would be the
    same are left as they are. --domains shows which domains you have met to whoever can list the folder.

    \b
    Examples:
      forbear identity build --out site/
      forbear identity build --out site/ --effective 2026-12-01
      forbear identity build --out site/ --domain example.org
    """
    from crawler.identity.domain_files import MOST, chosen_domains, domain_files
    from crawler.identity.publish import announce, site, write_site
    from crawler.store.database import DatabaseError, open_database

    settings, now = configuration(config, data), datetime.now(UTC)
    try:
        engine = open_database(settings.database_url)
        try:
            with engine.begin() as connection:
                version = announce(connection, settings, now, _moment(effective, now))
                chosen = chosen_domains(connection, domain or (), every=domains)
                feeds = domain_files(connection, settings, chosen.hosts)
                written = write_site(chain(site(connection, settings, now), feeds), to)
        finally:
            engine.dispose()
    except (ConfigError, DatabaseError, ValueError, OSError) as error:
        raise FailedError(str(error)) from error
    _tell_announced(version)
    same = len(written.paths) - len(written.changed)
    unchanged = f", {same} are as they were" if same else ""
    out.print(f"wrote {len(written.changed)} files to {to}{unchanged}", markup=False)
    notes = [*([_MORE.format(MOST)] if chosen.has_more else []), *_warnings(settings, now)]
    for note in notes:
        err.print(f"note: {note}", markup=False, soft_wrap=True)


_MORE = (
    "the feeds of {} domains were written, by name, and there are more; name others with "
    "--domain, or let `forbear serve` answer for all"
)


def _tell_announced(version: Publication | None) -> None:
    if version is None:
        out.print("nothing has changed since the last build", markup=False)
        return
    starts = f"{version.effective_at:%Y-%m-%d %H:%M} UTC"
    out.print(f"policy {version.number} announced, in force from {starts}", markup=False)


def show(as_json: JsonOption = False, config: ConfigOption = None, data: DataOption = None) -> None:
    """Print what would be published now, row by row."""
    from crawler.identity.declaration import Category, declare
    from crawler.identity.wording import CATEGORIES, in_text, label

    settings = configuration(config, data)
    try:
        declared = declare(settings)
    except (ConfigError, ValueError) as error:
        raise FailedError(str(error)) from error
    if as_json:
        typer.echo(dumps(declared))
        return
    for category in Category:
        out.print(CATEGORIES[category], style="bold")
        for key, value in declared[category].items():
            text = f"  {label(category, key, value)}: {in_text(category, key, value)}"
            out.print(visible(text), markup=False, soft_wrap=True)


def check(
    url: Annotated[str, typer.Argument(help="Base URL, such as https://bot.example.org.")],
    as_json: JsonOption = False,
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Test what is published: page, twin, addresses, key directory, card and feeds. Exit 1 on a fault.

    \b
    Example:
      forbear identity check https://bot.example.org
    """
    from crawler.identity.check import Health, check_published

    settings = configuration(config, data)
    findings = asyncio.run(check_published(settings, url, datetime.now(UTC)))
    for finding in findings:
        if as_json:
            typer.echo(dumps({"health": finding.health, "about": finding.about, "says": finding.says}))
        else:
            out.print(f"{finding.health:5}", style=_STYLES[finding.health], end="", markup=False)
            out.print(visible(f"{finding.about}: {finding.says}"), markup=False, soft_wrap=True)
    if any(f.health is Health.BAD for f in findings):
        raise typer.Exit(ExitCode.NEGATIVE)


def rotate_key(
    at_once: Annotated[
        bool, typer.Option("--at-once", help="End the old key now: for one that has leaked.")
    ] = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Make a signing key. It is published first and signs later; the old one is dropped after that.

    \b
    Examples:
      forbear identity rotate-key
      forbear identity rotate-key --at-once
    """
    from crawler.identity.keys import key_folder, rotate

    settings = configuration(config, data)
    section = settings.identity
    try:
        done = rotate(
            key_folder(settings),
            datetime.now(UTC),
            lifetime=timedelta(seconds=section.key_lifetime),
            overlap=timedelta(seconds=section.key_overlap),
            at_once=at_once,
        )
    except (ConfigError, OSError) as error:
        raise FailedError(str(error)) from error
    new, old = done.new, done.old
    if as_json:
        said = {"kid": new.kid, "from": moment(new.not_before), "until": moment(new.expires)}
        typer.echo(dumps({**said, "old": old.kid if old else None, "removed": list(done.removed)}))
        return
    out.print(f"{new.kid}: signs from {_utc(new.not_before)} until {_utc(new.expires)}", markup=False)
    if old is not None:
        out.print(f"{old.kid}: ends {_utc(old.expires)}", markup=False)
    out.print("next: forbear identity build --out DIR, so that verifiers learn of it", markup=False)
    if not section.signature_agent:
        err.print("note: requests are signed once [identity] signature_agent is set", markup=False)


def _utc(value: datetime) -> str:
    return f"{value.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _moment(text: str, now: datetime) -> datetime | None:
    if text in ("", "now"):
        return now if text else None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise FailedError(f"--effective {text}: write a day, such as 2026-12-01, or `now`") from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _warnings(config: Config, now: datetime) -> list[str]:
    from crawler.identity.check import advice

    return advice(config, now)

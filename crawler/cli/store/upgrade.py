"""`forbear store upgrade`: bring the record to this release's schema."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Annotated

import typer

from crawler.backup.upgrading import Upgrade, planned, upgrade
from crawler.cli.shared import ConfigOption, DataOption, JsonOption, configuration, err
from crawler.cli.store.backups import plain_backup
from crawler.cli.store.common import say
from crawler.present import dumps

NAME = "upgrade"
EVERY = 10.0
"""Seconds between two lines of progress."""


def _command(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done.")] = False,
    no_copy: Annotated[
        bool, typer.Option("--no-copy", help="Make no copy of an SQLite database before.")
    ] = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Make the schema of the record that of this release: all steps or none. No crawl may be running.

    An SQLite database is copied to `backups` in the data folder before; of PostgreSQL make a backup
    with `forbear store backup`. `forbear crawl` upgrades too, without a copy. A newer schema is refused.

    Then the sums that lookups answer from are completed: one to four minutes a million decisions, with a
    line every ten seconds. Stopped, it goes on from there when run again; answers are right meanwhile.

    \b
    Examples:
      forbear store upgrade --dry-run
      forbear store upgrade
    """
    settings = configuration(config, data)
    with plain_backup():
        if dry_run:
            plan, copy = planned(settings), None
        else:
            plan, copy = upgrade(settings, datetime.now(UTC), with_copy=not no_copy, told=_Told())
    if as_json:
        typer.echo(dumps(_shown(plan, str(copy) if copy else None, done=not dry_run)))
        return
    _print(plan, dry_run=dry_run)
    if copy is not None:
        say(f"the database as it was before: {copy}")


class _Told:
    """A line on stderr every ten seconds; none of what is done before."""

    def __init__(self) -> None:
        self._due = time.monotonic() + EVERY

    def __call__(self, what: str, done: int, total: int) -> None:
        if time.monotonic() >= self._due:
            self._due = time.monotonic() + EVERY
            err.print(f"{what}: {done:,} of {total:,}", markup=False)


def _shown(plan: Upgrade, copy: str | None, *, done: bool) -> dict[str, object]:
    return {
        "database": plan.database,
        "from": plan.found,
        "to": plan.head,
        "steps": [{"revision": step.revision, "title": step.title} for step in plan.steps],
        "done": done and plan.is_needed,
        "copy": copy,
    }


def _print(plan: Upgrade, *, dry_run: bool) -> None:
    if not plan.is_needed:
        say(f"the record has the schema of this release already ({plan.head})")
        return
    word = "would be upgraded" if dry_run else "upgraded"
    say(f"{word} from schema {plan.found} to {plan.head}")
    for step in plan.steps:
        say(f"{step.revision}  {step.title}", indent=2)
    if dry_run:
        before = "it is copied before" if plan.database == "sqlite" else "make a backup before"
        err.print(f"{before}; `forbear store backup` takes all of the instance", markup=False, soft_wrap=True)


COMMAND = _command

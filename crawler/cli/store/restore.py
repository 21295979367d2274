"""`forbear store restore`: an instance from a backup, in a new folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crawler.backup.restoring import restore
from crawler.cli.shared import ConfigOption, DataOption, FailedError, JsonOption, err
from crawler.cli.store.backups import plain_backup, print_manifest

NAME = "restore"


def _command(
    backup: Annotated[Path, typer.Argument(help="A backup: a .tar file or a folder.")],
    database: Annotated[
        str, typer.Option(help="An empty PostgreSQL database, where the record was in one.")
    ] = "",
    as_json: JsonOption = False,
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Put an instance back into a new or empty folder, once every file was found to be what was written.

    `--data` has to be given: nothing is ever put over an instance that is there. A backup of a newer
    release is refused; one of an older release is brought up to date by `forbear store upgrade`.

    \b
    Examples:
      forbear store restore backup-2026-11-24.tar --data restored
    """
    if data is None:
        raise FailedError("say where: --data with a new folder")
    with plain_backup():
        manifest = restore(backup, data, database)
    print_manifest(manifest, backup, as_json=as_json)
    if not manifest.keys:
        text = "no private keys were in it: put log/key back before the next crawl, or the log cannot go on"
        err.print(text, markup=False, soft_wrap=True)
    err.print(f"check it: forbear log verify --replay --data {data}", markup=False, soft_wrap=True)


COMMAND = _command

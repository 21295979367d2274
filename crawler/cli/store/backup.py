"""`forbear store backup`: the whole instance in one file, also while a crawl is running."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from crawler.backup.making import make_backup
from crawler.cli.shared import ConfigOption, DataOption, JsonOption, configuration, err
from crawler.cli.store.backups import plain_backup, print_manifest

NAME = "backup"


def _command(
    output: Annotated[
        Path, typer.Option("-o", "--output", help="File to make (.tar), or a folder.", show_default=False)
    ],
    with_keys: Annotated[
        bool, typer.Option("--with-keys", help="Private keys too; else they are left out.")
    ] = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Copy database, WARC files, log and lists as they stand at one moment, with a digest of each file.

    A running crawl goes on. A PostgreSQL record needs pg_dump. `forbear.toml` is not in it.

    \b
    Examples:
      forbear store backup -o backup-2026-11-24.tar
    """
    settings = configuration(config, data)
    with plain_backup():
        manifest = make_backup(settings, output, datetime.now(UTC), with_keys=with_keys)
    print_manifest(manifest, output, as_json=as_json)
    if not with_keys:
        err.print(
            "private keys (log, request signing) are not in it; --with-keys, or keep them elsewhere",
            markup=False,
            soft_wrap=True,
        )


COMMAND = _command

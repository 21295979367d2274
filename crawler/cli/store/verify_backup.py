"""`forbear store verify-backup`: is a backup still what was written?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crawler.backup.restoring import verify_backup
from crawler.cli.shared import ConfigOption, DataOption, JsonOption
from crawler.cli.store.backups import plain_backup, print_manifest
from crawler.cli.store.common import say

NAME = "verify-backup"


def _command(
    backup: Annotated[Path, typer.Argument(help="A backup: a .tar file or a folder.")],
    as_json: JsonOption = False,
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Read every file of a backup and hold it against its digest. Exit 4 if one differs or is missing.

    \b
    Examples:
      forbear store verify-backup backup-2026-11-24.tar
    """
    with plain_backup():
        manifest = verify_backup(backup)
    print_manifest(manifest, backup, as_json=as_json)
    if not as_json:
        say("every file is what was written")


COMMAND = _command

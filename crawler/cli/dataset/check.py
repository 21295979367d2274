"""`forbear dataset check`: is an export whole, and does it hold anything that was withdrawn since?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crawler.cli.shared import (
    ConfigOption,
    DataOption,
    ExitCode,
    FailedError,
    configuration,
    out,
    reading,
    visible,
)
from crawler.exports.dataset.earlier import EarlierExportError
from crawler.exports.dataset.removal import still_there
from crawler.store.queries.withdrawals import WithdrawalFilter, withdrawals


def check(
    folder: Annotated[Path, typer.Argument(help="Folder of an export.")],
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Check an export: are its files those of its manifest, and does it hold anything withdrawn since?

    Exit 1 if it holds withdrawn documents, 4 if a file is not the one of the manifest.

    \b
    Examples:
      forbear dataset check dataset
    """
    with reading(configuration(config, data)) as connection:
        try:
            found = still_there(tuple(withdrawals(connection, WithdrawalFilter())), folder)
        except EarlierExportError as error:
            raise FailedError(str(error), ExitCode.INTEGRITY) from error
    for spot in found:
        where = ", ".join(f"{name} {value}" for name, value in spot.at.items())
        out.print(visible(f"withdrawn: {spot.url} ({spot.file}, {where})"), markup=False, soft_wrap=True)
    if found:
        raise typer.Exit(ExitCode.NEGATIVE)
    out.print(
        visible(f"{folder} is whole and holds nothing that was withdrawn"), markup=False, soft_wrap=True
    )

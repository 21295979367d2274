"""What subcommands share: options, exit codes, errors, and text that is safe on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from crawler.cli.errors import ExitCode, FailedError, err, say_error
from crawler.config import Config, ConfigError, load_config
from crawler.store.database import Connection as Connection
from crawler.store.database import DatabaseError, open_for_reading
from crawler.visible import visible

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", help="Configuration file (default ./forbear.toml).", show_default=False),
]
DataOption = Annotated[
    Path | None,
    typer.Option("--data", help="Folder with the instance's state (default ./data).", show_default=False),
]
PIPE_WIDTH = 200
"""Columns of a table where no terminal sets a width: nothing is cut that somebody may search for."""
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, one object a line.")]

out = Console(highlight=False, width=None if sys.stdout.isatty() else PIPE_WIDTH)


def configuration(config: Path | None, data: Path | None) -> Config:
    """The configuration, or FailedError with the file, the line and the remedy."""
    try:
        return load_config(config, data=data)
    except ConfigError as error:
        raise FailedError(str(error)) from error


@contextmanager
def reading(config: Config) -> Iterator[Connection]:
    """A connection to the record, for queries only; FailedError where there is none."""
    try:
        engine = open_for_reading(config.database_url)
    except DatabaseError as error:
        raise FailedError(str(error)) from error
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


__all__ = [
    "ConfigOption",
    "DataOption",
    "ExitCode",
    "FailedError",
    "JsonOption",
    "configuration",
    "err",
    "out",
    "reading",
    "say_error",
    "visible",
]

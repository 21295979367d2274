"""What subcommands share: options, exit codes, errors, and text that is safe on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

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
err = Console(stderr=True, highlight=False)


class ExitCode(IntEnum):
    """What the shell is told."""

    OK = 0
    NEGATIVE = 1
    USAGE = 2
    INCOMPLETE = 3
    INTEGRITY = 4
    TEMPORARY = 75
    """`EX_TEMPFAIL` of sysexits.h: a mail server keeps the mail and tries again."""


class FailedError(Exception):
    """Something a user can mend: the message says what and how."""

    def __init__(self, message: str, code: ExitCode = ExitCode.USAGE) -> None:
        super().__init__(message)
        self.code = code


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


def say_error(message: str) -> None:
    """An error on stderr, without markup and without control characters."""
    err.print(f"forbear: {visible(message, keep_newlines=True)}", markup=False, style="red", soft_wrap=True)


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

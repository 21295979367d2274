"""What subcommands share: options, exit codes, errors, and text that is safe on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
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
DAY, TICK = timedelta(days=1), timedelta(microseconds=1)
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


def moment(flag: str, text: str) -> datetime:
    """A time, or the beginning of a day; in UTC where it says nothing else. Raises FailedError."""
    try:
        value = datetime.fromisoformat(text)
    except ValueError as error:
        raise FailedError(f"{flag} {text}: write 2026-11-24 or 2026-11-24T10:00:00Z") from error
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def moment_at(flag: str, text: str) -> datetime:
    """What holds at a time; at a day, what holds when it is over. Raises FailedError."""
    value = moment(flag, text)
    return value + DAY - TICK if len(text) == len("2026-11-24") else value


__all__ = [
    "ConfigOption",
    "DataOption",
    "ExitCode",
    "FailedError",
    "JsonOption",
    "configuration",
    "err",
    "moment",
    "moment_at",
    "out",
    "reading",
    "say_error",
    "visible",
]

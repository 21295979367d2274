"""What the subcommands share: errors with their exit codes, and who acts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from crawler.cli.shared import ExitCode, FailedError, out, visible
from crawler.frontier.lock import InstanceBusyError
from crawler.log.folder import LogError
from crawler.log.key import KeyFileError
from crawler.log.note import NoteError
from crawler.retention.redacting import HeldError, NothingToRemoveError
from crawler.store.database import DatabaseError
from crawler.store.warc import WarcIntegrityError

ReasonOption = Annotated[str, typer.Option("--reason", help="Why; it is shown in public, so name nobody.")]
ActorOption = Annotated[
    str | None,
    typer.Option("--by", help="Who decided it (default: the account that runs this).", show_default=False),
]


@contextmanager
def plain() -> Iterator[None]:
    """Errors as messages with their exit codes."""
    try:
        yield
    except (LogError, WarcIntegrityError) as error:
        raise FailedError(str(error), ExitCode.INTEGRITY) from error
    except (NothingToRemoveError, HeldError) as error:
        raise FailedError(str(error), ExitCode.NEGATIVE) from error
    except (KeyFileError, NoteError, DatabaseError, InstanceBusyError) as error:
        raise FailedError(str(error)) from error


def required(reason: str) -> str:
    """A reason that says something. Raises FailedError."""
    words = " ".join(reason.split())
    if not words:
        raise FailedError("--reason: say why; it goes into the record")
    return words


def say(text: str, *, indent: int = 0) -> None:
    """A line on stdout."""
    out.print(" " * indent + visible(text), markup=False, soft_wrap=True)


def plural(number: int, one: str, more: str) -> str:
    """`1 row`, `2 rows`."""
    return f"{number:,} {one if number == 1 else more}"

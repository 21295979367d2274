"""The `forbear` command: one subcommand a file, found by name order.

Data goes to stdout, logs and progress to stderr. Exit codes: 0 ok, 1 a negative verdict or findings,
2 usage, 3 incomplete, 4 integrity.
"""

from __future__ import annotations

import errno
import sys
from functools import cache
from io import TextIOWrapper
from typing import Annotated

import typer

from crawler.cli.discovery import loading
from crawler.cli.errors import ExitCode, FailedError, say_error
from crawler.store.errors import DatabaseError
from crawler.version import VERSION

OF_THE_MACHINE = {
    **dict.fromkeys((errno.EROFS, errno.EACCES, errno.EPERM), ExitCode.USAGE),
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT, errno.EIO), ExitCode.INCOMPLETE),
}
"""What the system refuses, and how a command ends that did not expect it."""

_HELP = """Crawl for AI-training data, take only what nobody reserved, and keep the evidence.

Start with `forbear init`, then `forbear crawl --seeds urls.txt`. `forbear check URL` tells what
would happen to one page, `forbear why URL` what did.
"""


@cache
def build_app() -> typer.Typer:
    """The command; its subcommands are loaded as they are asked for."""
    app = typer.Typer(
        name="forbear",
        cls=loading(__name__, __path__),
        help=_HELP,
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_program)
    return app


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"Forbear {VERSION}")
        raise typer.Exit


def _program(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    pass


_program.__doc__ = _HELP


def _speak_utf8() -> None:
    """Data is UTF-8 in every locale, so that its bytes are the same; a terminal gets what it can show."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            encoding = stream.encoding if stream.isatty() else "utf-8"
            stream.reconfigure(encoding=encoding, errors="backslashreplace")


def main() -> None:
    """Run the command line; errors that a user can mend are one message, never a traceback."""
    _speak_utf8()
    try:
        build_app()()
    except FailedError as error:
        say_error(str(error))
        sys.exit(error.code)
    except DatabaseError as error:  # such as a record of a newer release
        say_error(str(error))
        sys.exit(ExitCode.USAGE)
    except BrokenPipeError:  # `forbear ... | head`
        sys.stderr.close()
        sys.exit(ExitCode.OK)
    except OSError as error:
        if error.errno not in OF_THE_MACHINE:
            raise
        say_error(f"{error.filename or 'the disk'}: {error.strerror}")
        sys.exit(OF_THE_MACHINE[error.errno])

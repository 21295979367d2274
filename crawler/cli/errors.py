"""How a command ends: exit codes, and errors that a user can mend."""

from __future__ import annotations

from enum import IntEnum

from rich.console import Console

from crawler.visible import visible

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


def say_error(message: str) -> None:
    """An error on stderr, without markup and without control characters."""
    err.print(f"forbear: {visible(message, keep_newlines=True)}", markup=False, style="red", soft_wrap=True)

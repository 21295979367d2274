"""`forbear complaints send`: hand over the mails that wait in the outbox."""

from __future__ import annotations

from typing import Annotated

import typer

from crawler.cli.complaints.shared import now, say, tell_left
from crawler.cli.shared import ConfigOption, DataOption, ExitCode, FailedError, JsonOption, configuration
from crawler.mail.sending import PASSWORD, send_waiting
from crawler.present import dumps
from crawler.store.database import DatabaseError


def send(
    refused: Annotated[
        bool, typer.Option("--refused", help="Also what the server would not take before.")
    ] = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Send the mails that wait in the outbox through the server of [mail]. Exit 3 if some still wait.

    Run it from time to time: it does nothing where nothing waits. Exit 1 if the server refused a mail.

    \b
    Example:
      forbear complaints send
    """
    settings = configuration(config, data)
    if not settings.mail.host:
        raise FailedError(
            f'no mail server is set: [mail] host = "mail.example.org" (a password is read from {PASSWORD}); '
            f"or take the files from {settings.storage.data / 'outbox'} yourself"
        )
    try:
        report = send_waiting(settings, now, refused=refused)
    except DatabaseError as error:
        raise FailedError(str(error)) from error
    except OSError as error:
        raise FailedError(str(error), ExitCode.INCOMPLETE) from error
    if as_json:
        lists = {"sent": list(report.sent), "refused": list(report.refused), "gone": list(report.gone)}
        typer.echo(dumps({**lists, "waiting": report.left, "problem": report.problem or None}))
    else:
        for word, files in (("sent", report.sent), ("refused", report.refused), ("gone", report.gone)):
            for file in files:
                say(f"{word}: {file}")
    tell_left(report)
    if report.left:
        raise typer.Exit(ExitCode.INCOMPLETE)
    if report.refused:
        raise typer.Exit(ExitCode.NEGATIVE)

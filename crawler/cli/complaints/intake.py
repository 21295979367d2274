"""`forbear complaints intake`: letters become complaints, or are added to them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from crawler.cli.complaints.shared import now, say, send_now
from crawler.cli.shared import ConfigOption, DataOption, ExitCode, FailedError, JsonOption, configuration
from crawler.config import Config
from crawler.mail.intake import Outcome, Taken, take
from crawler.mail.letter import read_letter
from crawler.mail.sources import Raw, SourceError, messages, one
from crawler.present import dumps
from crawler.store.database import DatabaseError, open_database

_SAYS = {
    Outcome.FILED: "filed",
    Outcome.ADDED: "added to",
    Outcome.NOTED: "noted for staff: from another address, about",
    Outcome.SEEN: "seen before",
    Outcome.AUTOMATIC: "ignored: written by a program",
    Outcome.BOUNCE: "ignored: a report about another mail",
    Outcome.NO_SENDER: "ignored: from no address that can be answered",
    Outcome.OWN: "ignored: from ourselves",
    Outcome.FULL: "ignored: too many from this address, or about this complaint",
}


def intake(
    sources: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[FILE...|-]", help="Messages, mbox files, Maildir folders, or - for stdin."),
    ] = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Take letters in: each becomes a complaint with a number, or is added to the one in its subject.

    The acknowledgement is written to the outbox and sent if [mail] names a server. A letter is taken in
    once; what programs wrote is ignored. From stdin, for a mail server: exit 75 asks it to try again later.

    \b
    Examples:
      forbear complaints intake -            (in /etc/aliases: complaints: "|forbear complaints intake -")
      forbear complaints intake letters.mbox
      forbear complaints intake ~/Maildir
    """
    piped = not sources or list(map(str, sources)) == ["-"]
    if not sources and sys.stdin.isatty():
        raise FailedError("name files, an mbox or a Maildir; or give a letter on standard input")
    try:
        settings = configuration(config, data)
        done = _taken_in(settings, None if piped else sources, as_json=as_json)
    except (FailedError, DatabaseError, OSError) as error:
        # A mail server sends anything but 75 back to the sender, with what was printed.
        code = ExitCode.TEMPORARY if piped else ExitCode.USAGE
        raise FailedError(str(error), code) from error
    if any(taken.is_answered for taken in done):
        send_now(settings)


def _taken_in(config: Config, sources: list[Path] | None, *, as_json: bool) -> list[Taken]:
    engine = open_database(config.database_url)
    done: list[Taken] = []
    try:
        for raw in _messages(config, sources):
            letter = read_letter(raw.content, raw.size)
            with engine.begin() as connection:
                taken = take(connection, config, letter, now())
            done.append(taken)
            _print(raw, taken, as_json=as_json)
    finally:
        engine.dispose()
    return done


def _messages(config: Config, sources: list[Path] | None) -> Iterator[Raw]:
    bound = config.mail.max_bytes
    if sources is None:
        yield one(sys.stdin.buffer, "-", bound)
        return
    for source in sources:
        try:
            yield from messages(source, bound)
        except SourceError as error:
            raise FailedError(str(error)) from error


def _print(raw: Raw, taken: Taken, *, as_json: bool) -> None:
    if as_json:
        typer.echo(
            dumps({"place": raw.place, "outcome": taken.outcome, "reference": taken.reference or None})
        )
        return
    say(" ".join(part for part in (f"{raw.place}:", _SAYS[taken.outcome], taken.reference) if part))

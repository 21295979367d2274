"""`forbear complaints answer`: a step of the staff, with what is withdrawn and the mail that tells it."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from crawler.cli.complaints.shared import found_complaint, now, say, send_now
from crawler.cli.shared import ConfigOption, DataOption, FailedError, configuration
from crawler.complaints import SubjectError, promise_of, subject_of
from crawler.config import Config
from crawler.exports.tables.writing import actor
from crawler.mail.answers import Telling, tell
from crawler.store.complaints import ALLOWED, State, Step, speak, take_step, tie_within, withdraw
from crawler.store.database import Connection, DatabaseError, open_database
from crawler.store.public import audit
from crawler.store.queries.complaints import ComplaintRow
from crawler.store.queries.lookup import LookupFilter
from crawler.web.language import available

MAX_WORDS = 100_000
STEPS = (Step.CONFIRMED, Step.ASKED, Step.UPHELD, Step.DECLINED, Step.CLOSED, Step.NOTE)
NEED_WORDS = (Step.ASKED, Step.UPHELD, Step.DECLINED, Step.NOTE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be done."""

    reference: str
    step: Step | None
    words: str
    about: tuple[LookupFilter, ...]
    withdraw: tuple[LookupFilter, ...]
    language: str
    """Code of the language to answer in from now on; empty: as before."""


def answer(
    reference: Annotated[str, typer.Argument(help="Number, such as C-2026-0001.")],
    state: Annotated[
        str | None,
        typer.Option(help="confirmed, asked, upheld, declined, closed, or note (for staff alone)."),
    ] = None,
    text: Annotated[
        Path | None, typer.Option(help="File with what the complainant reads; - for stdin.")
    ] = None,
    about: Annotated[
        list[str] | None,
        typer.Option(help="Site, folder or page whose decisions belong to the complaint, repeatable."),
    ] = None,
    withdrawing: Annotated[
        list[str] | None,
        typer.Option("--withdraw", help="Site, folder or page to take out of the data, repeatable."),
    ] = None,
    spoken: Annotated[
        str | None,
        typer.Option("--language", help="Answer in this language from now on: en, de.", show_default=False),
    ] = None,
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Take a step in a complaint. The mail to the complainant is written to the outbox, and sent.

    What is withdrawn is listed in the mail, with its digest, and is in no data set from then on.

    \b
    Examples:
      forbear complaints answer C-2026-0001 --state confirmed
      forbear complaints answer C-2026-0001 --state upheld --text answer.txt --withdraw example.org
    """
    settings = configuration(config, data)
    subjects = (about or [], withdrawing or [])
    order = _order(reference, state, text, *subjects, language=_language(spoken))
    try:
        engine = open_database(settings.database_url)
        try:
            with engine.begin() as connection:
                said = _carried_out(connection, settings, order)
        finally:
            engine.dispose()
    except (DatabaseError, OSError) as error:
        raise FailedError(f"{error}; nothing was done") from error
    for line in said:
        say(line)
    send_now(settings)


def _order(
    reference: str, state: str | None, text: Path | None, about: list[str], gone: list[str], *, language: str
) -> Order:
    if state is not None and state not in STEPS:
        raise FailedError(f"--state {state}: one of {', '.join(STEPS)}")
    step, words = Step(state) if state else None, _words(text)
    if step in NEED_WORDS and not words:
        raise FailedError(f"--state {state} needs its reason: --text FILE")
    if step is None and not about and not gone and not language:
        raise FailedError("say what to do: --state, --about, --withdraw or --language")
    try:
        return Order(
            reference=reference,
            step=step,
            words=words,
            about=tuple(map(subject_of, about)),
            withdraw=tuple(map(subject_of, gone)),
            language=language,
        )
    except SubjectError as error:
        raise FailedError(str(error)) from error


def _language(code: str | None) -> str:
    if code and code not in available():
        raise FailedError(f"--language {code}: one of {', '.join(available())}")
    return code or ""


def _words(text: Path | None) -> str:
    if text is None:
        return ""
    try:
        found = sys.stdin.read(MAX_WORDS + 1) if str(text) == "-" else text.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FailedError(f"{text}: cannot be read ({error})") from error
    if len(found) > MAX_WORDS:
        raise FailedError(f"{text}: more than {MAX_WORDS:,} characters")
    return found.strip()


def _carried_out(connection: Connection, config: Config, order: Order) -> list[str]:
    """Do it all, or nothing; the lines that say what was done."""
    found, who = found_complaint(connection, order.reference), actor()
    wanted = [step for step in (Step.WITHDRAWN if order.withdraw else None, order.step) if step]
    for step in wanted:
        if step not in ALLOWED[State(found.state)]:
            allowed = ", ".join(sorted(ALLOWED[State(found.state)]))
            raise FailedError(f"{found.reference} is {found.state}: {step} is none of {allowed}")
    said = [_tied(connection, found, subject) for subject in order.about]
    if order.language:
        speak(connection, found.id, order.language)
        audit(connection, now(), who, "complaint language", f"{found.reference}: {order.language}")
        said.append(f"{found.reference} is answered in {order.language}")
    said += [_withdrawn(connection, config, found, who, subject) for subject in order.withdraw]
    if order.step:
        take_step(connection, found.id, order.step, who, order.words, promise_of(config), now())
        audit(connection, now(), who, f"complaint {order.step}", found.reference)
        said.append(f"{found.reference}: {order.step}")
    last = order.step or (Step.WITHDRAWN if order.withdraw else None)
    if last:
        said.append(_told(connection, config, found, last, order.words))
    return said


def _tied(connection: Connection, found: ComplaintRow, subject: LookupFilter) -> str:
    count = tie_within(connection, found.id, subject)
    return f"{count} decisions about {subject.subject} belong to {found.reference}"


def _withdrawn(
    connection: Connection, config: Config, found: ComplaintRow, who: str, subject: LookupFilter
) -> str:
    count = withdraw(connection, found.id, subject, now())
    words = f"{count} documents of {subject.subject}"
    if count:
        take_step(connection, found.id, Step.WITHDRAWN, who, words, promise_of(config), now())
    audit(connection, now(), who, "withdraw", f"{found.reference}: {words}")
    return f"withdrawn: {words}"


def _told(connection: Connection, config: Config, found: ComplaintRow, step: Step, words: str) -> str:
    told = tell(connection, config, Telling(reference=found.reference, step=step, words=words), now())
    return f"mail: {told}" if told else "no mail: nobody is to be told, or no address is known"

"""`forbear lookup`: what was taken and left out of a domain, and why."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.table import Table

from crawler.cli.shared import (
    ConfigOption,
    DataOption,
    FailedError,
    JsonOption,
    configuration,
    out,
    reading,
    visible,
)
from crawler.present import dumps
from crawler.present import lookup as present_lookup
from crawler.store.queries.lookup import Lookup, LookupFilter, lookup
from crawler.words import in_words
from reservations.model import Stage

_VERDICTS = {"keep": "kept", "exclude": "left out", "defer": "deferred"}
_AGAIN = {"keep": "still kept", "exclude": "left out later", "defer": "unknown later"}
"""The same at a second look."""


def register(app: typer.Typer) -> None:
    """Add the subcommand."""
    app.command(name="lookup")(lookup_command)


def lookup_command(
    subject: Annotated[str, typer.Argument(help="Domain, host, or URL prefix.")],
    as_json: JsonOption = False,
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Say what was taken of a site, what was left out, why, and which reservations were seen.

    A dated "nothing" is an answer too, so the exit code is 0 either way.

    \b
    Examples:
      forbear lookup example.org
      forbear lookup https://example.org/articles/ --json
    """
    wanted = LookupFilter(subject=subject)
    if not wanted.host:
        raise FailedError(f"{subject}: no host in it; write example.org or https://example.org/path/")
    with reading(configuration(config, data)) as connection:
        answer = lookup(connection, wanted)
    if as_json:
        typer.echo(dumps(present_lookup(answer)))
    else:
        _print(answer)


def _day(moment: datetime | None) -> str:
    return moment.astimezone(UTC).strftime("%d %B %Y") if moment else "-"


def _sentence(answer: Lookup) -> str:
    if not answer.decisions:
        return (
            f"Nothing of {answer.subject} was requested, taken or left out between "
            f"{_day(answer.recorded_from)} and {_day(answer.recorded_until)}."
        )
    left = sum(s.decisions for s in answer.settled if s.verdict == "exclude")
    first, last = _day(answer.first), _day(answer.last)
    when = f"On {first}" if first == last else f"Between {first} and {last}"
    text = (
        f"{when}, {answer.decisions} decisions fell about "
        f"{answer.subject}: {answer.documents} documents are kept ({answer.bytes:,} bytes), "
        f"{left} were left out"
    )
    main = next((s for s in answer.settled if s.verdict == "exclude"), None)
    return text + (f", most because {in_words(main.reason)}." if main else ".")


def _second_looks(answer: Lookup) -> str:
    again = [s for s in answer.settled if s.stage == Stage.RECHECK]
    if not again:
        return ""
    number = Counter[str]()
    for settled in again:
        number[settled.verdict] += settled.decisions
    return (
        f"What is kept was looked at again, last on {_day(max(s.last for s in again))} "
        f"({number.total()} looks): {number['keep']} found nothing that reserves a page, "
        f"{number['exclude']} left one out from then on, {number['defer']} could not tell."
    )


def _print(answer: Lookup) -> None:
    for text in filter(None, (_sentence(answer), _second_looks(answer))):
        out.print(visible(text), markup=False, soft_wrap=True)
    if answer.settled:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for name in ("", "decisions", "reason", "in words", "first", "last"):
            table.add_column(
                name, justify="right" if name == "decisions" else "left", no_wrap=name in ("first", "last")
            )
        for row in answer.settled:
            table.add_row(
                (_AGAIN if row.stage == Stage.RECHECK else _VERDICTS)[row.verdict],
                str(row.decisions),
                visible(row.reason),
                visible(in_words(row.reason)),
                _day(row.first),
                _day(row.last),
            )
        out.print(table)
    for seen in answer.reservations:
        file = f"{seen.kind} of {seen.origin}"
        place = f"line {seen.line} of {file}" if seen.line else file
        until = f"until {_day(seen.ended_at)}" if seen.ended_at else f"last seen {_day(seen.last_seen)}"
        out.print(
            visible(
                f"reservation: {seen.code}, {place}: “{seen.quote}”, "
                f"seen since {_day(seen.first_seen)}, {until}"
            ),
            markup=False,
            soft_wrap=True,
        )
    for made in answer.removals:
        what = "a page" if made.kind == "url" else "a stored file"
        text = (
            f"removed on {_day(made.removed_at)}: {what} of {made.host}, {made.bytes:,} bytes: {made.reason}"
        )
        out.print(visible(text), markup=False, soft_wrap=True)
    for left in answer.omitted:
        out.print(visible(f"{left.count} more links of {left.origin}: {in_words(left.reason)}"), markup=False)

"""`forbear export dumps`: the decisions of each day that is over, as files for everyone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer

from crawler.about import about
from crawler.cli.export.shared import enter, writing
from crawler.cli.shared import (
    ConfigOption,
    Connection,
    DataOption,
    FailedError,
    JsonOption,
    configuration,
    err,
    out,
    reading,
    visible,
)
from crawler.exports.dumps import FILES, Dump, is_over, is_there, write_dump
from crawler.exports.tables.present import exported_file
from crawler.exports.tables.writing import actor
from crawler.store.queries.exports import ExportRow, last_checkpoint, last_decision
from crawler.store.queries.timeline import days_of_record


def register(group: typer.Typer) -> None:
    """Add the subcommand."""
    group.command()(dumps)


def dumps(
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder that has a folder for each day.")],
    day: Annotated[str | None, typer.Option(help="This day only (UTC), as 2026-11-23.")] = None,
    since: Annotated[str | None, typer.Option(help="This day (UTC) and all after it.")] = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Dump the decisions of each day that is over, in full and light (without words and evidence).

    Without --day and --since: the days that are not there yet, as a nightly job wants it. A day that is
    named is compared, left where it is the same, and replaced where rows were taken out of the record.

    \b
    Examples:
      forbear export dumps -o dumps
      forbear export dumps -o dumps --since 2026-11-01
    """
    settings = configuration(config, data)
    wanted = _day("--day", day), _day("--since", since)
    now, made, looked_at = datetime.now(UTC), [], 0
    with reading(settings) as connection, writing(output):
        for each in _days(connection, output, wanted, now):
            looked_at += 1
            dump = write_dump(connection, output, each)
            _say(output, each, dump, as_json=as_json)
            made += [dump] if dump is not None else []
        if made and last_checkpoint(connection) is None:
            err.print("no checkpoint lies beside them: the record has no log yet", style="yellow")
        as_of = last_decision(connection)
    if not looked_at:
        err.print("nothing to dump: every day that is over is there", markup=False)
    if made:
        asked = {"day": day, "since": since}
        enter(settings, _entry(output, made, asked, now, as_of, about(settings).software))


def _days(
    connection: Connection, folder: Path, wanted: tuple[date | None, date | None], now: datetime
) -> Iterator[date]:
    """The days to be dumped, in order. Raises FailedError for one that is not over."""
    only, since = wanted
    if only is not None:
        if not is_over(only, now):
            raise FailedError(f"--day {only}: is not over; it can be dumped tomorrow (UTC)")
        yield only
        return
    for day in days_of_record(connection):
        if is_over(day, now) and (day >= since if since is not None else not is_there(folder, day)):
            yield day


def _say(folder: Path, day: date, dump: Dump | None, *, as_json: bool) -> None:
    if as_json:
        files = None if dump is None else [exported_file(file) for file in dump.files]
        out.print(json.dumps({"day": day.isoformat(), "written": files}), markup=False, soft_wrap=True)
    elif dump is None:
        out.print(visible(f"{folder / day.isoformat()}: the same as it was"), markup=False, soft_wrap=True)
    else:
        full = dump.files[0]
        how = "" if dump.is_new else ", other than before: rows were taken out or added since"
        says = f"{folder / day.isoformat()}: {full.rows:,} decisions, {full.bytes:,} bytes{how}"
        out.print(visible(says), markup=False, soft_wrap=True)


def _entry(
    output: Path,
    made: list[Dump],
    asked: dict[str, str | None],
    now: datetime,
    as_of: int,
    software: str,
) -> ExportRow:
    files = [replace(file, name=f"{dump.day}/{file.name}") for dump in made for file in dump.files]
    return ExportRow(
        made_at=now,
        actor=actor(),
        name="dumps",
        format="jsonl.zst",
        filter={name: value for name, value in asked.items() if value is not None},
        target=str(output.absolute()),
        rows=sum(file.rows for file in files) // len(FILES),
        as_of=as_of,
        files=tuple(files),
        software=software,
    )


def _day(flag: str, text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError as error:
        raise FailedError(f"{flag} {text}: write 2026-11-23") from error

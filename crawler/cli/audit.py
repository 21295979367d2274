"""`forbear audit`: judge a crawl that others made, by your own policy."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table as Grid

from crawler.audit.inputs import InputError, files_of
from crawler.audit.model import AuditRow, Judged, Trouble
from crawler.audit.present import SHAPE
from crawler.audit.run import Audit, Order
from crawler.audit.seen_files import MAX_FILES
from crawler.audit.tabular import Columns
from crawler.audit.totals import Totals
from crawler.cli.export.shared import rows_format, write_rows
from crawler.cli.shared import (
    ConfigOption,
    DataOption,
    ExitCode,
    FailedError,
    JsonOption,
    configuration,
    err,
    out,
    say_error,
    visible,
)
from crawler.config import Config, ConfigError
from crawler.exports import Export
from crawler.words import in_words

_EVERY = 1000
"""URLs between two lines of progress."""
_TITLES = {
    Judged.KEEP: "nothing withholds",
    Judged.EXCLUDE: "left out",
    Judged.UNKNOWN: "unknown",
}


def register(app: typer.Typer) -> None:
    """Add the subcommand."""
    app.command(name="audit")(audit)


def audit(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH...", help="Files, or folders with all below them.")
    ],
    live: Annotated[
        bool, typer.Option("--live", help="Fetch location files that are missing, as they are today.")
    ] = False,
    evidence: Annotated[
        Path | None,
        typer.Option(help="Folder to keep in what --live fetches, as WARC files.", show_default=False),
    ] = None,
    url_column: Annotated[str, typer.Option(help="Column with the URL (default: url and its like).")] = "",
    date_column: Annotated[
        str, typer.Option(help="Column with the time it was fetched (default: date and its like).")
    ] = "",
    bytes_column: Annotated[str, typer.Option(help="Column with its length (default: bytes, length).")] = "",
    form: Annotated[
        str | None, typer.Option("--format", help="jsonl, csv, parquet, ...: a row a URL.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="File for the rows; else stdout.", show_default=False),
    ] = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Judge WARC files, URL lists or tables with a url column by your policy, from what is in them.

    Without --live nothing is requested: what the input does not tell is unknown, and unknown is not kept.
    Exit 1 if anything is left out, 3 if some of the input could not be read.

    \b
    Examples:
      forbear audit CC-MAIN-20261124.warc.gz
      forbear audit fineweb/ --format csv -o verdicts.csv
      forbear audit urls.txt --live --evidence seen --json
    """
    settings = configuration(config, data)
    chosen = rows_format("jsonl" if as_json else form, output)
    if evidence is not None and not live:
        raise FailedError("--evidence keeps what --live fetches; without --live nothing is fetched")
    columns = Columns(url=url_column, date=date_column, bytes=bytes_column)
    try:
        if live and not settings.network.allow_private:
            settings.require_identity()
        order = Order(files=tuple(files_of(paths)), columns=columns, live=live, evidence=evidence)
        totals = _audited(settings, order, chosen, output)
    except (InputError, ConfigError) as error:
        raise FailedError(str(error)) from error
    if totals.troubles:
        raise typer.Exit(ExitCode.INCOMPLETE)
    if totals.number(Judged.EXCLUDE):
        raise typer.Exit(ExitCode.NEGATIVE)


def _audited(config: Config, order: Order, chosen: Export | None, output: Path | None) -> Totals:
    """Judge everything, write the rows where they are asked for, and print what was found."""
    totals, started = Totals(), time.monotonic()
    made = Audit(config, order)
    rows = _counted(made.results(), totals, started)
    if chosen is None:
        for _ in rows:
            pass
    else:
        write_rows(chosen, rows, SHAPE, output)
    _print(totals, made, config, to_stdout=chosen is None or output is not None)
    _say_pace(totals, time.monotonic() - started, order.files)
    return totals


def _counted(results: Iterable[AuditRow | Trouble], totals: Totals, started: float) -> Iterator[AuditRow]:
    for result in results:
        if isinstance(result, Trouble):
            totals.trouble(result)
            continue
        totals.add(result)
        if totals.urls % _EVERY == 0 and err.is_terminal:
            pace = totals.urls / (time.monotonic() - started)
            err.print(f"{totals.urls} URLs judged, {pace:,.0f} a second", end="\r", markup=False)
        yield result


def _print(totals: Totals, made: Audit, config: Config, *, to_stdout: bool) -> None:
    console = out if to_stdout else Console(stderr=True, highlight=False, width=out.width)
    for trouble in totals.troubles:
        say_error(str(trouble))
    if totals.more_troubles:
        say_error(f"and {totals.more_troubles} more places that could not be read")
    if made.files_full:
        say_error(f"more than {MAX_FILES} location files in the input: the others were not used")
    console.print(_table(totals))
    if totals.missing:
        said = ", ".join(f"{name} ({number})" for name, number in totals.missing.most_common(12))
        console.print(
            f"\nnot known, and so not kept, for want of: {visible(said)}", markup=False, soft_wrap=True
        )
    numbers = ", ".join(f"{totals.number(verdict)} {title}" for verdict, title in _TITLES.items())
    console.print(f"\n{totals.urls} URLs: {numbers}. Policy: {config.policy.profile}.", markup=False)
    if totals.fetched:
        console.print(
            f"{totals.fetched} of them are judged by today's files, which need not have held at the time.",
            markup=False,
        )


def _table(totals: Totals) -> Grid:
    grid = Grid(box=None, pad_edge=False, header_style="bold")
    for name in ("", "URLs", "bytes", "reason", "in words", "example"):
        grid.add_column(name, justify="right" if name in ("URLs", "bytes") else "left")
    for verdict, title in _TITLES.items():
        for number, (reason, counted) in enumerate(totals.of(verdict)):
            size = f"{counted.bytes:,}" if counted.urls > counted.unmeasured else "-"
            grid.add_row(
                title if number == 0 else "",
                str(counted.urls),
                size,
                visible(reason),
                visible(in_words(reason)),
                visible(counted.example[:100]),
            )
    return grid


def _say_pace(totals: Totals, seconds: float, files: Iterable[Path]) -> None:
    size = sum(path.stat().st_size for path in files if path.exists())
    pace = totals.urls / seconds if seconds else 0.0
    rate = size / 1e6 / seconds if seconds else 0.0
    err.print(
        f"{totals.urls} URLs judged in {seconds:.1f} s, {pace:,.0f} a second, {rate:.1f} MB/s of input",
        markup=False,
        soft_wrap=True,
    )

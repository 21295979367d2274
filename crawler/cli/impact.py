"""`forbear impact`: what other terms would have made of the record, from stored evidence."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, BinaryIO

import typer
from rich.table import Table as Grid

from blocklists.hostnames import canonical_host, registrable_domain
from crawler.cli.export.shared import rows_format, write_rows, writing
from crawler.cli.shared import (
    ConfigOption,
    DataOption,
    FailedError,
    JsonOption,
    configuration,
    err,
    moment,
    out,
    reading,
    visible,
)
from crawler.config import Config, ConfigError
from crawler.impact.compare import redecide
from crawler.impact.model import Change, ImpactRow, Redecided, meaning
from crawler.impact.present import SHAPE, redecided
from crawler.impact.terms import OtherTerms, Switches
from crawler.impact.totals import MAX_DOMAINS, Totals
from crawler.present import dumps
from crawler.store.queries.cases import CaseFilter, cases
from crawler.words import in_words
from reservations.model import Profile, Use
from reservations.policy import Inference

_EVERY = 2000
"""Decisions between two lines of progress."""


def register(app: typer.Typer) -> None:
    """Add the subcommand."""
    app.command(name="impact")(impact)


def impact(
    domains: Annotated[
        list[str] | None,
        typer.Argument(metavar="[DOMAIN]...", help="Only these domains.", show_default=False),
    ] = None,
    policy: Annotated[
        Path | None,
        typer.Option(
            help="Another forbear.toml: its [policy] and [blocklists] decide; one it lacks is as recorded.",
            show_default=False,
        ),
    ] = None,
    profile: Annotated[Profile | None, typer.Option(help="Another profile.", show_default=False)] = None,
    infer: Annotated[
        Inference | None,
        typer.Option(help="Another `infer_from_other_bots`.", show_default=False),
    ] = None,
    use: Annotated[
        list[Use] | None, typer.Option("--use", help="Other uses; repeatable.", show_default=False)
    ] = None,
    lists: Annotated[
        str | None,
        typer.Option(
            "--lists",
            help="Another set of lists: first digits of its id, `now`, or a file.",
            show_default=False,
        ),
    ] = None,
    since: Annotated[str | None, typer.Option(help="Decisions from this day or time on (UTC).")] = None,
    top: Annotated[int, typer.Option(min=0, help="Domains shown of each change.")] = 10,
    urls: Annotated[
        Path | None,
        typer.Option(help="Write every URL that comes out otherwise to this file, as JSON Lines."),
    ] = None,
    form: Annotated[
        str | None, typer.Option("--format", help="jsonl, csv, parquet, ...: the rows, not the tables.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="File for the rows.", show_default=False)
    ] = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Decide the whole record again under other terms, from stored evidence, and count what changes.

    Nothing is requested and nothing is written to the record. Each URL counts by its last decision. What was
    never fetched is unknown, and unknown is never counted as won.

    \b
    Examples:
      forbear impact --profile strict
      forbear impact --infer off --since 2026-01-01 example.org
      forbear impact --policy other.toml --format csv -o impact.csv
    """
    settings = configuration(config, data)
    switches = Switches(file=policy, profile=profile, inference=infer, uses=frozenset(use or ()), lists=lists)
    if switches.empty:
        raise FailedError(
            "say what is to be decided otherwise: --policy FILE, --profile, --infer, --use or --lists"
        )
    chosen = rows_format("jsonl" if as_json else form, output)
    wanted = CaseFilter(
        since=moment("--since", since) if since else None,
        domains=tuple(map(_domain, domains or ())),
        latest=True,
    )
    totals = _redecided(settings, switches, wanted, urls)
    rows = list(totals.rows(top))
    if chosen is None:
        _print(rows, totals)
    else:
        write_rows(chosen, rows, SHAPE, output)


def _redecided(config: Config, switches: Switches, wanted: CaseFilter, urls: Path | None) -> Totals:
    """Everything that is wanted, decided again and counted; what comes out otherwise goes into `urls`."""
    totals, started = Totals(), time.monotonic()
    with reading(config) as connection, ExitStack() as stack:
        try:
            other = OtherTerms(connection, config, switches)
            found: Iterator[Redecided] = (redecide(case, other) for case in cases(connection, wanted))
            if urls is not None:
                stack.enter_context(writing(urls))
                found = _written(found, stack.enter_context(urls.open("wb")))
            for item in _watched(found, started):
                totals.add(item)
        except ConfigError as error:
            raise FailedError(str(error)) from error
    _say_pace(totals, time.monotonic() - started)
    return totals


def _domain(text: str) -> str:
    host = canonical_host(text)
    if not host:
        raise FailedError(f"{text}: no host in it; write example.org")
    return registrable_domain(host) or host


def _written(found: Iterable[Redecided], stream: BinaryIO) -> Iterator[Redecided]:
    for item in found:
        if item.change is not Change.SAME:
            stream.write(dumps(redecided(item)).encode() + b"\n")
        yield item


def _watched(found: Iterable[Redecided], started: float) -> Iterator[Redecided]:
    for number, item in enumerate(found, 1):
        if number % _EVERY == 0 and err.is_terminal:
            pace = number / (time.monotonic() - started)
            err.print(f"{number} decisions judged again, {pace:,.0f} a second", end="\r", markup=False)
        yield item


def _say_pace(totals: Totals, seconds: float) -> None:
    pace = totals.urls / seconds if seconds else 0.0
    err.print(
        f"{totals.urls} URLs judged again in {seconds:.1f} s, {pace:,.0f} a second; nothing was requested",
        markup=False,
        soft_wrap=True,
    )
    if totals.dropped:
        err.print(f"more than {MAX_DOMAINS} domains change: counts by domain are lower bounds", markup=False)


def _print(rows: Sequence[ImpactRow], totals: Totals) -> None:
    grid = _grid("URLs", "", "bytes", "size unknown", "example")
    for row in rows:
        if row.by == "total" and (row.urls or row.change in (Change.LOST, Change.WON, Change.UNKNOWN)):
            grid.add_row(
                str(row.urls), meaning(row.change), _bytes(row), str(row.unmeasured), visible(row.example)
            )
    out.print(grid)
    for by, title in (
        ("reason", "by reason"),
        ("missing", "what was never fetched"),
        ("domain", "by domain"),
    ):
        of_it = [row for row in rows if row.by == by]
        if of_it:
            _print_part(title, of_it)
    if not totals.urls:
        out.print("The record has no decision that is meant.", markup=False)


def _print_part(title: str, rows: Sequence[ImpactRow]) -> None:
    out.print()
    grid = _grid("URLs", title, "", "bytes", "example")
    for row in rows:
        words = (
            in_words(row.key) if row.by == "reason" and row.change is not Change.NOT_JUDGED else row.change
        )
        label = f"{row.change}: {row.key}" if row.by == "reason" else row.key
        grid.add_row(str(row.urls), visible(label), visible(words), _bytes(row), visible(row.example))
    out.print(grid)


def _grid(*names: str) -> Grid:
    grid = Grid(box=None, pad_edge=False, header_style="bold")
    for name in names:
        grid.add_column(name, justify="right" if name in ("URLs", "bytes", "size unknown") else "left")
    return grid


def _bytes(row: ImpactRow) -> str:
    return f"{row.bytes:,}" if row.urls > row.unmeasured else "-"

"""What the subcommands of `export`, and others that write rows, share: options, writing, the audit trail."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from crawler.about import about
from crawler.cli.shared import (
    FailedError,
    err,
    moment,
    reading,
    visible,
)
from crawler.config import Config
from crawler.exports import Export, discover
from crawler.exports.dataset import ExportRefusedError
from crawler.exports.tables import Selection, Table
from crawler.exports.tables.model import Shape
from crawler.exports.tables.writing import Order, export_file, export_stream
from crawler.store.database import DatabaseError
from crawler.store.exported import record_export
from crawler.store.queries.exports import ExportRow

STOPPED = 130
"""What shells are told of a command that was stopped with Ctrl-C."""
Restart = Annotated[
    bool, typer.Option("--restart", help="Begin anew, whatever an interrupted export left behind.")
]
Outfile = Annotated[
    Path | None,
    typer.Option(
        "-o", "--output", help="File; a manifest is written beside it. Else stdout.", show_default=False
    ),
]

Form = Annotated[str, typer.Option("--format", help="jsonl, csv, parquet, jsonl.gz or jsonl.zst.")]

OPTIONS: Mapping[str, Any] = {
    "domain": Annotated[str | None, typer.Option(help="Registrable domain.")],
    "host": Annotated[str | None, typer.Option(help="Host name.")],
    "prefix": Annotated[str | None, typer.Option(help="URL prefix.")],
    "verdict": Annotated[str | None, typer.Option(help="keep, exclude or defer.")],
    "reason": Annotated[
        str | None, typer.Option(help="Reason code or its dotted beginning, such as robots.")
    ],
    "protocol": Annotated[str | None, typer.Option(help="Protocol, such as tdmrep.")],
    "source": Annotated[
        str | None, typer.Option(help="Who gave the reason: robots, tdmrep.file, blocklist.<name>, ...")
    ],
    "crawl": Annotated[int | None, typer.Option(help="Number of a crawl.")],
    "since": Annotated[str | None, typer.Option(help="From this day or time on (UTC).")],
    "until": Annotated[str | None, typer.Option(help="Before this day or time (UTC).")],
    "which": Annotated[str | None, typer.Argument(help="Number or name.", show_default=False)],
    "url": Annotated[str | None, typer.Option(help="The page that is asked about.")],
    "at": Annotated[str | None, typer.Option(help="At this day or time (UTC).")],
    "number": Annotated[int | None, typer.Option(help="Number of an export: `forbear export exports`.")],
    "dataset": Annotated[Path | None, typer.Option(help="Folder of an exported data set.")],
    "stated": Annotated[Path | None, typer.Option(help="TOML file of what the provider states.")],
    "sme": Annotated[bool, typer.Option("--sme", help="The rule for small and medium-sized providers.")],
}
"""What subcommands of this file and of `report` may take, under one name and one meaning."""


def with_options(run: Callable[..., None], names: Sequence[str], doc: str) -> Callable[..., None]:
    """A command that takes, beside what `run` says in its signature, the named ones of OPTIONS."""
    own = list(inspect.signature(run, eval_str=True).parameters.values())
    kept = [p.replace(kind=p.KEYWORD_ONLY) for p in own if p.kind is not p.VAR_KEYWORD]
    more = [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=False if name == "sme" else None,
            annotation=OPTIONS[name],
        )
        for name in names
    ]

    def command(**values: Any) -> None:
        run(**values)

    command.__doc__ = doc
    command.__signature__ = inspect.Signature(more + kept)  # type: ignore[attr-defined]
    command.__annotations__ = {p.name: p.annotation for p in more + kept}
    return command


def selection(values: Mapping[str, Any]) -> Selection:
    """What was asked for; FailedError where a time is none."""
    known = {field.name for field in fields(Selection)}
    given = {name: value for name, value in values.items() if name in known and value is not None}
    for name in ("since", "until"):
        if name in given:
            given[name] = moment(f"--{name}", given[name])
    return Selection(**given)


def export_table(
    config: Config,
    table: Table[Any],
    form: str,
    wanted: Selection,
    output: Path | None,
    *,
    restart: bool = False,
) -> None:
    """Write a table, enter it in the audit trail, and say what was written."""
    chosen = _chosen(form, output)
    order = Order(table=table, form=chosen, selection=wanted, software=about(config).software)
    with reading(config) as connection:
        if output is None:
            enter(config, export_stream(connection, order, sys.stdout.buffer))
            return
        with writing(output):
            made = export_file(connection, order, output, enter=partial(enter, config), restart=restart)
    more = f" and {len(made.files) - 1} more files" if len(made.files) > 1 else ""
    err.print(visible(f"{made.rows} {table.name} in {output}{more}"), markup=False, soft_wrap=True)


def rows_format(name: str | None, output: Path | None) -> Export | None:
    """The format for rows that are no table of the record; None where only a summary is asked for."""
    return None if name is None and output is None else _chosen(name or "jsonl", output)


def _chosen(form: str, output: Path | None) -> Export:
    formats = discover()
    if form not in formats:
        raise FailedError(f"no format {form!r}; known: {', '.join(formats)}")
    if output is None and not formats[form].is_text:
        raise FailedError(f"{form} is no text: name a file with -o")
    return formats[form]


def write_rows(chosen: Export, rows: Iterable[Any], shape: Shape[Any], output: Path | None) -> None:
    """Rows that are no table of the record, on stdout or in a file."""
    if output is None:
        chosen.write(rows, sys.stdout.buffer, shape)
        sys.stdout.flush()
        return
    with writing(output), output.open("wb") as stream:
        count = chosen.write(rows, stream, shape)
    err.print(visible(f"{count} rows in {output}"), markup=False, soft_wrap=True)


@contextmanager
def writing(output: Path) -> Iterator[None]:
    """What cannot be written is an error that names the place; a stop by hand says how to go on."""
    try:
        yield
    except ExportRefusedError as error:
        raise FailedError(str(error)) from error
    except KeyboardInterrupt:
        err.print(
            visible(f"stopped; the same command goes on with {output} after what is written"),
            markup=False,
            soft_wrap=True,
        )
        raise typer.Exit(STOPPED) from None
    except OSError as error:
        raise FailedError(f"{output}: cannot be written ({error.strerror or error})") from error


def enter(config: Config, made: ExportRow) -> None:
    """Enter an export in the audit trail; a record that cannot be written to is said to have no entry."""
    try:
        record_export(config.database_url, made)
    except DatabaseError as error:
        err.print(
            visible(f"not entered in the audit trail: {error}"), markup=False, style="yellow", soft_wrap=True
        )


__all__ = [
    "OPTIONS",
    "Form",
    "Outfile",
    "Restart",
    "enter",
    "export_table",
    "moment",
    "rows_format",
    "selection",
    "with_options",
    "write_rows",
    "writing",
]

"""`forbear report NAME`: what the record says as a whole, in documents that can be handed over."""

from __future__ import annotations

import os
import tempfile
import tomllib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

import typer

from crawler.about import about
from crawler.cli.export.shared import enter, with_options, writing
from crawler.cli.shared import (
    ConfigOption,
    DataOption,
    FailedError,
    configuration,
    err,
    moment,
    moment_at,
    reading,
    visible,
)
from crawler.exports import mode_of
from crawler.exports.tables.writing import actor
from crawler.present import moment as present_moment
from crawler.reports import reports
from crawler.reports.model import Ask, Report, ReportError
from crawler.store.queries.exports import ExportedFile, ExportRow, last_decision

group = typer.Typer(
    no_args_is_help=True,
    help="Write what others ask for: training summary, policy, measures, figures, one crawl.",
    rich_markup_mode=None,
)
Form = Annotated[
    str | None,
    typer.Option("--format", help="md, json, csv or html, as far as the report has it.", show_default=False),
]
Outfile = Annotated[
    Path | None, typer.Option("-o", "--output", help="File; else stdout.", show_default=False)
]


def register(app: typer.Typer) -> None:
    """Add the subcommand, with one of its own for every report."""
    for report in reports().values():
        command = with_options(_of(report), report.options, report.help)
        group.command(name=report.name)(command)
    app.add_typer(group, name="report")


def _of(report: Report) -> Callable[..., None]:
    def run(
        form: Form = None,
        output: Outfile = None,
        config: ConfigOption = None,
        data: DataOption = None,
        **values: Any,
    ) -> None:
        make(report, form or report.formats[0], output, config, data, values)

    return run


def make(
    report: Report,
    form: str,
    output: Path | None,
    config: Path | None,
    data: Path | None,
    values: Mapping[str, Any],
) -> None:
    """Make a report: print it, or write a file and enter that in the audit trail."""
    if form not in report.formats:
        raise FailedError(f"no format {form!r}; known: {', '.join(report.formats)}")
    settings = configuration(config, data)
    with reading(settings) as connection:
        ask = Ask(
            config=settings,
            now=datetime.now(UTC),
            form=form,
            software=about(settings).software,
            as_of=last_decision(connection),
            options=_options(values),
        )
        try:
            text = report.write(connection, ask)
        except ReportError as error:
            raise FailedError(str(error)) from error
    content = text.encode("utf-8", "backslashreplace")
    if output is None:
        typer.get_binary_stream("stdout").write(content)
        return
    with writing(output):
        _write(output, content)
    err.print(visible(f"{output}: {len(content)} bytes"), markup=False, soft_wrap=True)
    enter(settings, _made(report, ask, output, content))


def _options(values: Mapping[str, Any]) -> dict[str, Any]:
    given = {name: value for name, value in values.items() if value is not None and value is not False}
    for name in ("since", "until", "at"):
        if name in given:
            read = moment_at if name == "at" else moment
            given[name] = read(f"--{name}", given[name])
    if "stated" in given:
        given["stated"] = _stated(given["stated"])
    return given


def _stated(file: Path) -> dict[str, str]:
    try:
        values = tomllib.loads(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise FailedError(f"{file}: cannot be read ({error})") from error
    wrong = [name for name, value in values.items() if not isinstance(value, str)]
    if wrong:
        raise FailedError(f'{file}: {wrong[0]} is no text; write "{wrong[0]}" = "..."')
    return values


def _write(target: Path, content: bytes) -> None:
    target = target.absolute()
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as folder:
        file = Path(folder) / target.name
        with file.open("xb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        file.chmod(mode_of(target))
        file.replace(target)


def _made(report: Report, ask: Ask, output: Path, content: bytes) -> ExportRow:
    digest = sha256(content).hexdigest()
    asked = {
        name: present_moment(value)
        if isinstance(value, datetime)
        else str(value)
        if isinstance(value, Path)
        else value
        for name, value in ask.options.items()
    }
    return ExportRow(
        made_at=ask.now,
        actor=actor(),
        name=f"report {report.name}",
        format=ask.form,
        filter=asked,
        target=str(output.absolute()),
        rows=0,
        as_of=ask.as_of,
        files=(ExportedFile(name=output.name, bytes=len(content), sha256=digest, rows=0),),
        software=ask.software,
    )

"""`forbear conformance`: run vector files against this build."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from crawler.cli.shared import ExitCode, FailedError, JsonOption, out, visible
from crawler.conformance import Result, run_vector
from crawler.vectors import shipped_files


def register(app: typer.Typer) -> None:
    """Add the subcommand."""
    app.command(name="conformance")(conformance)


def conformance(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(help="Vector files or folders; without any, the vectors shipped with Forbear."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Run conformance vectors and print passed and failed per protocol. Exit 1 on any failure.

    A vector marked "disputed" with a reason is shown and does not fail the run.

    \b
    Examples:
      forbear conformance
      forbear conformance my-vectors/ --json
    """
    results = [run_vector(vector) for file in _files(paths or []) for vector in _vectors(file)]
    if as_json:
        for result in results:
            typer.echo(json.dumps(_row(result), ensure_ascii=True))
    else:
        _print(results)
    if any(not r.passed and not r.disputed for r in results):
        raise typer.Exit(ExitCode.NEGATIVE)


def _files(paths: list[Path]) -> Iterator[Any]:
    if not paths:
        yield from shipped_files()
    for path in paths:
        if path.is_dir():
            yield from sorted(path.glob("*.json"))
        elif path.exists():
            yield path
        else:
            raise FailedError(f"{path}: no such file or folder")


def _vectors(file: Any) -> list[dict[str, Any]]:
    try:
        vectors = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise FailedError(f"{file}: not a vector file: {error}") from error
    if not isinstance(vectors, list) or not all(isinstance(v, dict) for v in vectors):
        raise FailedError(f"{file}: a vector file is a JSON list of objects")
    return vectors


def _row(result: Result) -> dict[str, Any]:
    return {
        "name": result.name,
        "protocol": result.protocol,
        "passed": result.passed,
        "disputed": result.disputed or None,
        "failures": list(result.failures),
    }


def _print(results: list[Result]) -> None:
    groups: dict[str, list[Result]] = defaultdict(list)
    for result in results:
        groups[result.protocol].append(result)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name, justify in (
        ("protocol", "left"),
        ("passed", "right"),
        ("failed", "right"),
        ("disputed", "right"),
    ):
        table.add_column(name, justify=justify)  # type: ignore[arg-type]
    for protocol, rows in sorted(groups.items()):
        table.add_row(visible(protocol), *map(str, _counts(rows)))
    table.add_row("all", *map(str, _counts(results)), style="bold")
    for result in results:
        if not result.passed:
            word = "disputed" if result.disputed else "failed"
            out.print(f"{word}: {visible(result.name)}", markup=False, soft_wrap=True)
            for line in (*result.failures, *((f"why: {result.disputed}",) if result.disputed else ())):
                out.print(f"  {visible(line)}", markup=False, soft_wrap=True)
    out.print(table)


def _counts(results: list[Result]) -> tuple[int, int, int]:
    disputed = sum(bool(r.disputed) and not r.passed for r in results)
    passed = sum(r.passed for r in results)
    return passed, len(results) - passed - disputed, disputed

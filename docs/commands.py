"""`docs/commands.md`: every subcommand as its own help has it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import typer

from crawler.cli import build_app

_HEAD = """# Commands

Written from the help texts. `forbear COMMAND --help` prints the same.

Data goes to standard output, logs and progress to standard error. Exit codes: 0 ok, 1 a negative verdict or
findings, 2 usage, 3 incomplete, 4 integrity.

`--config FILE` is the configuration (default `./forbear.toml`), `--data DIR` the instance's folder (default
`./data`); they are left out of the tables below.
"""
_EVERYWHERE = ("config", "data")


def subcommands(command: Any = None, path: str = "forbear") -> Iterator[tuple[str, Any]]:
    """Every subcommand as it is typed, with what it is."""
    command = command or typer.main.get_command(build_app())
    children = getattr(command, "commands", None)
    if children is None:
        yield path, command
        return
    for name, child in children.items():
        yield from subcommands(child, f"{path} {name}")


def commands_page() -> str:
    """All subcommands with their help."""
    return "\n".join([_HEAD, *(_command(path, command) for path, command in subcommands())])


def _command(path: str, command: Any) -> str:
    text, _, examples = (command.help or "").partition("Examples:\n")
    parts = [f"## {path}\n", f"```sh\n{path}{_arguments(command)}\n```\n", text.strip() + "\n"]
    rows = [_row(p) for p in command.params if p.name not in _EVERYWHERE and p.opts[0].startswith("-")]
    if rows:
        parts.append("| option | meaning |\n| --- | --- |\n" + "".join(rows))
    if examples.strip():
        lines = "\n".join(line.strip() for line in _joined(examples).splitlines() if line.strip())
        parts.append(f"Examples:\n\n```sh\n{lines}\n```\n")
    return "\n".join(parts)


def _joined(examples: str) -> str:
    """Examples with a continued line put behind the one it continues."""
    return re.sub(r"\n\s+(?=--)", " ", examples)


def _arguments(command: Any) -> str:
    names = [p for p in command.params if not p.opts[0].startswith("-")]
    return "".join(f" {_bracketed(p)}" for p in names)


def _bracketed(parameter: Any) -> str:
    name = str(parameter.name).upper().rstrip("_") + ("..." if parameter.nargs == -1 else "")
    return name if parameter.required else f"[{name}]"


def _row(parameter: Any) -> str:
    names = ", ".join(f"`{name}`" for name in (*parameter.opts, *parameter.secondary_opts))
    about = re.sub(r"\s+", " ", parameter.help or "").replace("|", "\\|")
    default = parameter.default
    shown = default not in (None, True, False, "", ()) and not callable(default) and parameter.show_default
    return f"| {names} | {about}{f' Default: `{default}`.' if shown else ''} |\n"

"""Subcommands are modules of a package, found by name and imported when they are asked for."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from functools import cache
from typing import Any

import typer
from typer.core import TyperGroup

_LONG = 400
_NO_SUBCOMMANDS = frozenset({"shared", "discovery", "errors"})


def module_names(paths: Iterable[str]) -> list[str]:
    """Names of the modules of a package that are subcommands, in order."""
    names = sorted(info.name for info in pkgutil.iter_modules(paths))
    return [name for name in names if name not in _NO_SUBCOMMANDS]


def add_modules(group: typer.Typer, package: str, paths: Iterable[str]) -> None:
    """Have every module of a package add itself. Raises TypeError for one without `register`."""
    for name in module_names(paths):
        _register(group, f"{package}.{name}")


def loading(package: str, paths: Iterable[str]) -> type[TyperGroup]:
    """The class of a group: its subcommands are the modules of a package, loaded when asked for.

    `example_token.py` adds `example-token`.
    """
    modules = {name.replace("_", "-"): f"{package}.{name}" for name in module_names(paths)}

    class LoadingGroup(TyperGroup):
        def __init__(self, **attributes: Any) -> None:
            super().__init__(**attributes)
            self.commands = _Modules(modules)

        def format_commands(self, ctx: Any, formatter: Any) -> None:
            with formatter.section("Commands"):
                formatter.write_dl(
                    [(name, _summary(self.commands[name])) for name in self.list_commands(ctx)]
                )

    return LoadingGroup


class _Modules(MutableMapping[str, Any]):
    """Subcommands by name: to list them loads none of them."""

    def __init__(self, modules: Mapping[str, str]) -> None:
        self._modules = modules
        self._added: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name in self._added:
            return self._added[name]
        return _command(self._modules[name], name)

    def __setitem__(self, name: str, command: Any) -> None:
        self._added[name] = command

    def __delitem__(self, name: str) -> None:
        del self._added[name]

    def __iter__(self) -> Iterator[str]:
        return iter(sorted({*self._modules, *self._added}))

    def __len__(self) -> int:
        return len({*self._modules, *self._added})


def _summary(command: Any) -> str:
    """The first sentence of its help, whole: half a sentence tells nobody which subcommand to take."""
    return str(command.get_short_help_str(_LONG))


@cache
def _command(module: str, name: str) -> Any:
    """Made once a process: subcommands add themselves to groups of their modules, which would grow."""
    alone = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)
    _register(alone, module)
    command = typer.main.get_group(alone).commands.get(name)
    if command is None:
        raise TypeError(f"{module.replace('.', '/')}.py adds no subcommand of its own name, {name}")
    return command


def _register(group: typer.Typer, module: str) -> None:
    register = getattr(importlib.import_module(module), "register", None)
    if register is None:
        raise TypeError(f"{module.replace('.', '/')}.py defines no register(app)")
    register(group)

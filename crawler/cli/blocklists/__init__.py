"""`forbear blocklists`: lists of courts and authorities, one subcommand a file."""

from __future__ import annotations

import importlib
import pkgutil

import typer

_HELP = """Sites that courts and authorities list: what is listed, why, how old it is, and how to get off.

Lists come in with `import` or `update`; `explain HOST` answers for one host.
"""


def register(app: typer.Typer) -> None:
    """Add the subcommand and its own. Raises TypeError for a file without `register`."""
    group = typer.Typer(no_args_is_help=True, help=_HELP, rich_markup_mode=None)
    for info in sorted(pkgutil.iter_modules(__path__), key=lambda module: module.name):
        add = getattr(importlib.import_module(f"{__name__}.{info.name}"), "register", None)
        if add is None:
            raise TypeError(f"crawler/cli/blocklists/{info.name}.py defines no register(group)")
        add(group)
    app.add_typer(group, name="blocklists")

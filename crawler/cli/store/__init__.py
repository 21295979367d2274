"""`forbear store`: how long things are kept, what is held, what is removed; backups and upgrades."""

from __future__ import annotations

import importlib
import pkgutil

import typer

group = typer.Typer(
    no_args_is_help=True, help="Retention, removal, backup and upgrade.", rich_markup_mode=None
)


def register(app: typer.Typer) -> None:
    """Add the subcommand and its own, one a file: each module's `NAME` and `COMMAND`."""
    for info in sorted(pkgutil.iter_modules(__path__), key=lambda i: i.name):
        module = importlib.import_module(f"{__name__}.{info.name}")
        if hasattr(module, "COMMAND"):
            group.command(name=module.NAME)(module.COMMAND)
    app.add_typer(group, name="store")

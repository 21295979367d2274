"""The schema's history. `upgrade` brings a database to this release; `revision` names where one is.

A new step: `python -m crawler.store.migrations "what changes"`, then check the file for both databases.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection

if TYPE_CHECKING:
    from alembic.config import Config

VERSIONS = Path(__file__).parent / "versions"


def head() -> str:
    """The newest revision this release knows: the files are numbered, and their history is a line."""
    return max(file.name[:4] for file in VERSIONS.glob("[0-9][0-9][0-9][0-9]_*.py"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A step of the history."""

    revision: str
    title: str


def steps(since: str) -> tuple[Step, ...]:
    """The steps behind a revision, in their order, with what each is about."""
    found = []
    for file in sorted(VERSIONS.glob("[0-9][0-9][0-9][0-9]_*.py")):
        if file.name[:4] > since:
            title = ast.get_docstring(ast.parse(file.read_text("utf-8"))) or ""
            found.append(Step(revision=file.name[:4], title=title.partition("\n")[0]))
    return tuple(found)


def known(revision: str) -> bool:
    """Whether this release can tell what a revision is."""
    return any(VERSIONS.glob(f"{revision}_*.py"))


def upgrade(connection: Connection) -> None:
    """Bring the database to `head`, inside the caller's transaction."""
    # Loaded only where there is something to do: most openings find the schema as it should be.
    from alembic import command

    command.upgrade(config(connection), "head")


def config(connection: Connection) -> Config:
    """Alembic's configuration without a file: it must work from an installed package."""
    from alembic.config import Config

    made = Config()
    # `%` would be read as the start of an interpolation.
    made.set_main_option("script_location", str(VERSIONS.parent).replace("%", "%%"))
    made.attributes["connection"] = connection
    return made

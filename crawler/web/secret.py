"""The key of cursors and form tokens: made once for an instance, the same in all its workers."""

from __future__ import annotations

import os
import secrets
import tempfile
from pathlib import Path

SECRET = "web.secret"  # noqa: S105 - the name of a file
SIZE = 32


def secret_of(folder: Path) -> bytes:
    """The key in a data folder; the first to ask makes it, and those that ask at that moment get the same."""
    path = folder / SECRET
    if not path.exists():
        _make(folder, path)
    return path.read_bytes()


def _make(folder: Path, path: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    number, name = tempfile.mkstemp(prefix=SECRET, dir=folder)
    try:
        with os.fdopen(number, "wb") as file:
            file.write(secrets.token_bytes(SIZE))
        # Linked, not renamed: whoever comes second must not replace what the first already uses.
        os.link(name, path)
    except FileExistsError:
        pass
    finally:
        os.unlink(name)

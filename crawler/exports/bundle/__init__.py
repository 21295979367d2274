"""Everything on one domain, in a folder to be handed over: WARC, its index, and the rows about it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from crawler.exports.bundle.growing import FOLDER, MANIFEST, Bundle, begun
from crawler.exports.tables.present import export_manifest
from crawler.exports.working import ExportRefusedError, Working
from crawler.present import dumps
from crawler.store.database import Connection
from crawler.store.queries.exports import ExportRow


def write_bundle(
    connection: Connection,
    wanted: Bundle,
    target: Path,
    *,
    enter: Callable[[ExportRow], None] = lambda made: None,
    restart: bool = False,
) -> ExportRow:
    """Write the bundle as a new folder: all of it or nothing. `enter` as for other exports.

    Raises ExportRefusedError where the target holds anything or what was begun there cannot be gone on
    with, WarcIntegrityError where a stored record is damaged.
    """
    target = target.absolute()
    target.parent.mkdir(parents=True, exist_ok=True)
    with Working(target, restart=restart) as working:
        growing = begun(connection, wanted, working)
        folder = working.path(FOLDER)
        took_its_place = growing.state.written and not folder.exists()
        if not took_its_place:
            _require_empty(target)
            folder.mkdir(exist_ok=True)
            growing.write_all()
        made = growing.made(target)
        if not took_its_place:
            manifest = export_manifest(made, None, growing.state.checkpoint)
            (folder / MANIFEST).write_text(dumps(manifest) + "\n", "utf-8")
            folder.replace(target)
        enter(made)
        working.clear()
    return made


def _require_empty(target: Path) -> None:
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise ExportRefusedError(f"{target} is not empty; name a new folder")

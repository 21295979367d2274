"""Making a backup beside a running crawl.

The database is copied first, as it stands at one moment. Everything it points to was written before, and is
never changed after: of each WARC file as much is copied as that copy of the database knows. The log is held
meanwhile, so that its folder and the copy agree on the newest checkpoint.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from crawler.about import about
from crawler.backup.archive import ArchiveError, Sink, writing
from crawler.backup.manifest import DATABASES, NAME, File, Manifest, to_json
from crawler.config import Config
from crawler.frontier.lock import NAME as CRAWL_LOCK
from crawler.identity.keys import key_folder
from crawler.log.folder import KEY
from crawler.log.sequencer import log_folder
from crawler.present import moment
from crawler.retention.upkeep import NAME as UPKEEP_LOCK
from crawler.retention.upkeep import alone
from crawler.store.copying import Contents, copied, kind_of

WARC_FOLDERS = ("warc", "evidence")
BACKUPS = "backups"
"""Copies of the database from before upgrades, which are not copied again."""
_NOT_STATE = (CRAWL_LOCK, UPKEEP_LOCK)


def make_backup(config: Config, target: Path, now: datetime, *, with_keys: bool = False) -> Manifest:
    """Write a backup of an instance; what it holds.

    Raises ArchiveError, DatabaseError, or InstanceBusyError while something is being removed.
    """
    data = config.storage.data
    if not data.is_dir():
        raise ArchiveError(f"there is no data folder at {data}")
    if target.resolve().is_relative_to(data.resolve()):
        raise ArchiveError(f"{target} lies in the data folder itself; choose a place elsewhere")
    # The copy of the database needs room once more, where the backup goes.
    target.parent.mkdir(parents=True, exist_ok=True)
    with alone(data), log_folder(config).locked(), TemporaryDirectory(dir=target.parent) as room:
        copy = Path(room) / "database"
        with copied(config.database_url, copy) as contents, writing(target) as sink:
            files = tuple(_put_all(config, sink, copy, contents, with_keys=with_keys))
            manifest = Manifest(
                made_at=moment(now),
                software=about(config).software,
                database=kind_of(config.database_url),
                schema=contents.schema,
                rows=contents.rows,
                log_entries=contents.log_entries,
                checkpoint=contents.checkpoint,
                keys=with_keys,
                files=files,
            )
            body = to_json(manifest)
            sink.put(NAME, BytesIO(body), len(body), 0o600)
    return manifest


def _put_all(
    config: Config, sink: Sink, copy: Path, contents: Contents, *, with_keys: bool
) -> Iterator[File]:
    data = config.storage.data
    yield _put(sink, DATABASES[kind_of(config.database_url)], copy)
    for name, end in sorted(contents.ends.items()):
        yield _put(sink, name, data / name, end)
    for path in _others(config, with_keys=with_keys):
        yield _put(sink, path.relative_to(data).as_posix(), path)
    keys = key_folder(config)
    if with_keys and keys.is_dir() and not keys.resolve().is_relative_to(data.resolve()):
        for path in sorted(p for p in keys.iterdir() if p.is_file()):
            yield _put(sink, f"keys/{path.name}", path)


def _put(sink: Sink, name: str, path: Path, end: int | None = None) -> File:
    try:
        with path.open("rb") as stream:
            state = os.fstat(stream.fileno())
            size = state.st_size if end is None else end
            if state.st_size < size:
                raise ArchiveError(f"{path} is shorter than the record knows; restore it first")
            mode = state.st_mode & 0o777
            digest = sink.put(name, stream, size, mode)
    except OSError as error:
        raise ArchiveError(f"{path} cannot be read: {error.strerror or error}") from error
    return File(name=name, bytes=size, sha256=digest, mode=mode)


def _others(config: Config, *, with_keys: bool) -> Iterator[Path]:
    """Every file of the state beside database and WARC, without locks and, unless wanted, private keys."""
    data, keys = config.storage.data, key_folder(config).resolve()
    for path in sorted(data.rglob("*")):
        first = path.relative_to(data).parts[0]
        if not path.is_file() or path.is_symlink() or first in (*WARC_FOLDERS, *_NOT_STATE, BACKUPS):
            continue
        if path.parent == data and path.name.startswith("forbear.db"):
            continue
        is_key = path == log_folder(config).path / KEY or path.resolve().is_relative_to(keys)
        if with_keys or not is_key:
            yield path

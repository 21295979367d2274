"""What the commands about backups share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

from crawler.backup.archive import ArchiveError, DamagedError
from crawler.backup.manifest import Manifest
from crawler.backup.restoring import RefusedError
from crawler.cli.shared import ExitCode, FailedError
from crawler.cli.store.common import plain, plural, say
from crawler.present import dumps


@contextmanager
def plain_backup() -> Iterator[None]:
    """Errors as messages with their exit codes."""
    try:
        with plain():
            yield
    except DamagedError as error:
        raise FailedError(str(error), ExitCode.INTEGRITY) from error
    except (ArchiveError, RefusedError) as error:
        raise FailedError(str(error)) from error


def print_manifest(manifest: Manifest, source: Path, *, as_json: bool) -> None:
    """What a backup holds, in short."""
    if as_json:
        typer.echo(
            dumps(
                {
                    "made_at": manifest.made_at,
                    "software": manifest.software,
                    "database": manifest.database,
                    "schema": manifest.schema,
                    "files": len(manifest.files),
                    "bytes": manifest.bytes,
                    "keys": manifest.keys,
                    "log_entries": manifest.log_entries,
                    "rows": dict(manifest.rows),
                }
            )
        )
        return
    files = plural(len(manifest.files), "file", "files")
    say(f"{source}: {files}, {manifest.bytes:,} bytes, made {manifest.made_at} by {manifest.software}")
    decisions = manifest.rows.get("decision", 0)
    keys = "with private keys" if manifest.keys else "without private keys"
    say(
        f"{manifest.database}, schema {manifest.schema}, {plural(decisions, 'decision', 'decisions')}, "
        f"{plural(manifest.log_entries, 'log entry', 'log entries')}, {keys}"
    )

"""The record as one SQLite file, written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from datetime import UTC, datetime
from hashlib import file_digest
from pathlib import Path

from crawler.exports import mode_of
from crawler.exports.tables.present import export_manifest, head_of_log
from crawler.exports.tables.writing import actor, manifest_of
from crawler.present import dumps
from crawler.store.database import Connection
from crawler.store.queries.exports import ExportedFile, ExportRow, last_checkpoint, last_decision, record_span
from crawler.store.snapshot import write_snapshot


def export_snapshot(connection: Connection, target: Path, software: str) -> ExportRow:
    """Write the snapshot, and a manifest beside it; an earlier snapshot of that name is replaced."""
    target = target.absolute()
    target.parent.mkdir(parents=True, exist_ok=True)
    as_of = last_decision(connection)
    with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as name:
        file = Path(name) / target.name
        counts = write_snapshot(connection, file, {"software": software, "as_of": str(as_of)})
        with file.open("rb+") as stream:
            digest = file_digest(stream, "sha256").hexdigest()
            os.fsync(stream.fileno())
        rows = sum(counts.values())
        made = ExportRow(
            made_at=datetime.now(UTC),
            actor=actor(),
            name="sqlite",
            format="sqlite",
            filter={},
            target=str(target),
            rows=rows,
            as_of=as_of,
            files=(ExportedFile(name=target.name, bytes=file.stat().st_size, sha256=digest, rows=rows),),
            software=software,
        )
        beside = Path(name) / manifest_of(target).name
        beside.write_text(
            dumps(
                export_manifest(
                    made, None, head_of_log(last_checkpoint(connection)), *record_span(connection)
                )
            )
            + "\n",
            "utf-8",
        )
        file.chmod(mode_of(target))
        file.replace(target)
        beside.replace(manifest_of(target))
    return made

"""What the audit trail is told of an export or a withdrawal of documents."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from crawler.exports.dataset.model import Manifest
from crawler.exports.dataset.removal import Removal
from crawler.exports.tables.writing import actor
from crawler.store.queries.exports import ExportedFile, ExportRow


def entry_of_export(manifest: Manifest, asked: Mapping[str, object], output: Path, as_of: int) -> ExportRow:
    """An export of the data set."""
    return ExportRow(
        made_at=manifest.moment,
        actor=actor(),
        name="dataset",
        format=manifest.format,
        filter=_given(asked),
        target=str(output.absolute()),
        rows=manifest.documents,
        as_of=as_of,
        files=tuple(
            ExportedFile(name=f.name, bytes=f.bytes, sha256=f.sha256, rows=f.documents)
            for f in manifest.files
        ),
        software=manifest.software,
    )


def entry_of_withdrawal(
    removal: Removal, asked: Mapping[str, object], output: Path, files: tuple[ExportedFile, ...], as_of: int
) -> ExportRow:
    """Removal lists."""
    return ExportRow(
        made_at=removal.when,
        actor=removal.actor,
        name="withdrawal",
        format="jsonl",
        filter=_given({**asked, "reason": removal.reason}),
        target=str(output.absolute()),
        rows=len(removal.rows),
        as_of=as_of,
        files=files,
        software=removal.software,
    )


def _given(asked: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in asked.items() if value not in (None, False)}

"""What waits for a person, and what a person said: held versions of lists, and proposed names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from blocklists.defaults import Defaults
from blocklists.model import Scope
from blocklists.snapshot import Listing, Snapshot, SnapshotError, parse
from crawler.config import Config
from crawler.lists.files import APPROVALS, APPROVED, HELD, ListError, append_line, folder, write_file
from crawler.lists.importing import Imported, import_bytes, put_in_force
from crawler.lists.proposals import as_entries, read_proposals


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """Who takes the responsibility, and why."""

    by: str
    reason: str

    def check(self) -> None:
        """Raise ListError where one of the two is missing."""
        if not self.by.strip() or not self.reason.strip():
            raise ListError("an approval needs a person (--by) and a reason (--reason); both are recorded")


def hold(config: Config, listing: Listing, why: str) -> Path:
    """Put a version aside. The one in force stays; a held version that waited already is replaced."""
    path = _held(config, listing.name)
    write_file(path, Snapshot((listing,)).serialise())
    log(config, "held", listing.name, {"sha256": listing.sha256, "why": why})
    return path


def held(config: Config) -> tuple[Listing, ...]:
    """The versions that wait. Raises ListError for a damaged one."""
    return tuple(_read(path) for path in sorted((folder(config) / HELD).glob("*.jsonl")))


def approve_held(config: Config, name: str, signature: Signature) -> Listing:
    """Put a held version in force. Raises ListError where none waits."""
    signature.check()
    path = _held(config, name)
    if not path.exists():
        waiting = ", ".join(listing.name for listing in held(config)) or "nothing"
        raise ListError(f"no version of {name} waits for approval; waiting: {waiting}")
    listing = put_in_force(config, _read(path))
    log(
        config,
        "approved",
        name,
        {"sha256": listing.sha256, "by": signature.by, "reason": signature.reason},
    )
    path.unlink()
    return listing


def approve_names(
    config: Config, name: str, taken: Sequence[str], signature: Signature, *, scope: Scope
) -> Imported:
    """Make entries of proposed names. They are added to those taken before. Raises ListError."""
    signature.check()
    proposals = read_proposals(config, name)
    if proposals is None:
        raise ListError(f"nothing is proposed for {name}; `court_text` and `court_pdf` propose names")
    path = folder(config) / APPROVED / f"{name}.jsonl"
    earlier = path.read_bytes() if path.exists() else b""
    fresh = as_entries(proposals, taken, by=signature.by, scope=scope)
    new = [line for line in fresh.splitlines(keepends=True) if line not in earlier]
    imported = import_bytes(config, earlier + b"".join(new), "jsonl", Defaults(source=name))
    write_file(path, earlier + b"".join(new))
    log(
        config,
        "names",
        name,
        {
            "text": proposals.sha256,
            "names": list(taken),
            "by": signature.by,
            "reason": signature.reason,
        },
    )
    return imported


def log(config: Config, what: str, name: str, more: dict[str, Any]) -> None:
    """Add to the log of decisions by people about lists."""
    line = {"at": datetime.now(UTC).isoformat(), "what": what, "list": name, **more}
    append_line(folder(config) / APPROVALS, line)


def _held(config: Config, name: str) -> Path:
    return folder(config) / HELD / f"{name}.jsonl"


def _read(path: Path) -> Listing:
    try:
        return parse(path.read_bytes()).listings[0]
    except (OSError, SnapshotError, IndexError) as error:
        raise ListError(f"{path}: cannot be read: {error}; fetch the list again") from error

"""The blocklists of an instance: one snapshot file in its data folder, and what did not get in."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from blocklists.defaults import Defaults
from blocklists.model import Parsed
from blocklists.policy import EEA, ListPolicy
from blocklists.snapshot import Listing, Snapshot, SnapshotError, parse
from blocklists.sources import discover
from crawler.config import Config

FOLDER = "blocklists"
SNAPSHOT = "snapshot.jsonl"
QUARANTINE = "quarantine.jsonl"
MAX_FILE = 256 * 2**20


class ListError(Exception):
    """A list that cannot be used; the message names the file and the remedy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What an import did."""

    listing: Listing
    parsed: Parsed
    snapshot: Snapshot


def load_lists(config: Config) -> Snapshot:
    """The lists of an instance; an empty snapshot where none was imported. Raises ListError."""
    path = _folder(config) / SNAPSHOT
    if not path.exists():
        return Snapshot()
    try:
        return parse(path.read_bytes())
    except (OSError, SnapshotError) as error:
        raise ListError(f"{path}: {error}; import the lists again") from error


def list_policy(config: Config) -> ListPolicy:
    """Which jurisdictions count: those of the configuration, else the whole EEA."""
    chosen = frozenset(code.upper() for code in config.policy.jurisdictions)
    return ListPolicy(jurisdictions=chosen or EEA | {"EU"})


def import_list(config: Config, file: Path, form: str, defaults: Defaults | None = None) -> Imported:
    """Read a list into the instance, in the place of an earlier one of the same source.

    Lines that cannot be used go to quarantine with their reasons. Raises ListError.
    """
    sources = {source.name: source for source in discover()}
    if form not in sources:
        raise ListError(f"no list format {form!r}; known: {', '.join(sources)}")
    data = _read(file)
    when = datetime.now(UTC)
    given = defaults or Defaults(source=file.stem)
    given = replace(
        given, allow_private=config.network.allow_private, retrieved_at=given.retrieved_at or when
    )
    parsed = sources[form].parse(data, given)
    listing = Listing.of(
        data,
        name=given.source,
        format=form,
        retrieved_at=given.retrieved_at or when,
        entries=parsed.entries,
        rejected=len(parsed.rejected),
        url=given.source_url,
    )
    snapshot = load_lists(config).with_listing(listing)
    _write(_folder(config) / SNAPSHOT, snapshot.serialise())
    _keep_raw(_folder(config), listing, data)
    _quarantine(_folder(config), listing, parsed)
    return Imported(listing=listing, parsed=parsed, snapshot=snapshot)


def _folder(config: Config) -> Path:
    return config.storage.data / FOLDER


def _read(file: Path) -> bytes:
    try:
        if file.stat().st_size > MAX_FILE:
            raise ListError(f"{file}: larger than {MAX_FILE} bytes; split it")
        return file.read_bytes()
    except OSError as error:
        raise ListError(f"{file}: cannot be read: {error.strerror}") from error


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_suffix(".tmp")
    aside.write_bytes(data)
    os.replace(aside, path)


def _keep_raw(folder: Path, listing: Listing, data: bytes) -> None:
    _write(folder / "raw" / listing.sha256, data)


def _quarantine(folder: Path, listing: Listing, parsed: Parsed) -> None:
    lines = [
        json.dumps(
            {"list": listing.name, "line": r.line, "text": r.text, "reason": r.reason, "remedy": r.remedy}
        )
        for r in parsed.rejected
    ]
    _write(folder / f"{listing.sha256[:16]}.{QUARANTINE}", "".join(line + "\n" for line in lines).encode())

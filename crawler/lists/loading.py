"""What is in force: the imported lists, the curated one, and the operator's overrides, as one set."""

from __future__ import annotations

import gzip
from pathlib import Path

from blocklists import curated
from blocklists.model import OVERRIDES
from blocklists.policy import EEA, ListPolicy
from blocklists.register import Registered, RegisterError, bundled, read_register
from blocklists.snapshot import Snapshot, SnapshotError, parse
from crawler.config import Config
from crawler.lists.files import REGISTER, SETS, SNAPSHOT, ListError, folder, write_file
from crawler.lists.overrides import override_listing

RESERVED_NAMES = frozenset({curated.NAME, OVERRIDES})
"""Names no imported list may have."""
SHOWN = 16
"""Digits of a digest that are shown; as many name a set or a list well enough."""


def load_lists(config: Config) -> Snapshot:
    """The lists that decide: imported ones, the curated one, overrides. Raises ListError."""
    snapshot = load_imported(config)
    if getattr(config.blocklists, "curated", True):
        snapshot = snapshot.with_listing(curated.curated())
    overrides = override_listing(config)
    return snapshot if overrides is None else snapshot.with_listing(overrides)


def load_imported(config: Config) -> Snapshot:
    """The lists that were imported or fetched; an empty snapshot where none was. Raises ListError."""
    path = folder(config) / SNAPSHOT
    return _parsed(path, path.read_bytes()) if path.exists() else Snapshot()


def save_imported(config: Config, snapshot: Snapshot) -> None:
    """Put the imported lists in force."""
    write_file(folder(config) / SNAPSHOT, snapshot.serialise())


def list_policy(config: Config) -> ListPolicy:
    """Which entries count: the configured jurisdictions, else the whole EEA; the configured kinds."""
    chosen = frozenset(code.upper() for code in config.policy.jurisdictions)
    policy = ListPolicy(jurisdictions=chosen or EEA | {"EU"})
    try:
        return policy.switched(
            getattr(config.blocklists, "count", ()), getattr(config.blocklists, "ignore", ())
        )
    except ValueError as error:
        raise ListError(f"[blocklists] count, ignore: {error}") from error


def load_register(config: Config) -> dict[str, Registered]:
    """The package's register with the operator's own laid over it. Raises ListError."""
    path = folder(config) / REGISTER
    own: dict[str, Registered] = {}
    if path.exists():
        try:
            own = read_register(path.read_text("utf-8"))
        except (OSError, UnicodeDecodeError, RegisterError) as error:
            raise ListError(f"{path}: {error}") from error
    return {**bundled(), **own}


def keep_set(config: Config, snapshot: Snapshot) -> Path:
    """Keep a set under its id, so that what was decided by it can be explained years later."""
    path = folder(config) / SETS / f"{snapshot.set_id}.jsonl.gz"
    if not path.exists():
        write_file(path, gzip.compress(snapshot.serialise(), compresslevel=6, mtime=0))
    return path


def load_set(config: Config, name: str) -> Snapshot:
    """A kept set by the first digits of its id, `now` for the one in force, or a snapshot file."""
    if name == "now":
        return load_lists(config)
    if name.isalnum() and len(name) >= 8:
        found = sorted((folder(config) / SETS).glob(f"{name.lower()}*.jsonl.gz"))
        if len(found) == 1:
            return _parsed(found[0], gzip.decompress(found[0].read_bytes()))
        if len(found) > 1:
            raise ListError(f"{name}: {len(found)} sets begin so; write more digits")
    path = Path(name)
    if path.is_file():
        data = path.read_bytes()
        return _parsed(path, gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data)
    raise ListError(f"{name}: no set of this instance begins so, and no such file; `now` is the set in force")


def kept_sets(config: Config) -> tuple[str, ...]:
    """Ids of the sets that were kept."""
    return tuple(sorted(p.name.partition(".")[0] for p in (folder(config) / SETS).glob("*.jsonl.gz")))


def _parsed(path: Path, data: bytes) -> Snapshot:
    try:
        return parse(data)
    except SnapshotError as error:
        raise ListError(f"{path}: {error}; import the lists again") from error

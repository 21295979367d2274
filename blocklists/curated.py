"""The decisions of public record that come with this package, each with its citation.

`data/manifest.toml` says from when they are, what makes one count, and what was left out for which
licence. A test holds every line that counts to a reference and a source.
"""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import cache
from importlib.resources import files

from blocklists.codec import from_json, loads
from blocklists.snapshot import Listing

NAME = "curated"


class CuratedError(ValueError):
    """The files of the package are not those its manifest names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """Rows that are known and not shipped."""

    rows: int
    origin: str
    licence: str
    which: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What is in the curated list, and what is not."""

    compiled: date
    file: str
    sha256: str
    entries: int
    reverify_after_days: int
    licence: str
    rule: str
    statuses: tuple[tuple[str, int], ...]
    left_out: tuple[LeftOut, ...]


@cache
def manifest() -> Manifest:
    """The manifest that comes with the package."""
    given = tomllib.loads(_data("manifest.toml").decode())
    return Manifest(
        compiled=given["compiled"],
        file=given["file"],
        sha256=given["sha256"],
        entries=given["entries"],
        reverify_after_days=given["reverify_after_days"],
        licence=given["licence"],
        rule=given["rule"],
        statuses=tuple(given["statuses"].items()),
        left_out=tuple(
            LeftOut(
                rows=row["rows"],
                origin=row["from"],
                licence=row["licence"],
                which=row["which"],
                why=row["why"],
            )
            for row in given["left_out"]
        ),
    )


@cache
def curated() -> Listing:
    """The list itself. Raises CuratedError where it is not the one the manifest names."""
    known = manifest()
    data = _data(known.file)
    if hashlib.sha256(data).hexdigest() != known.sha256:
        raise CuratedError(f"{known.file} is not the file that the manifest names")
    entries = tuple(from_json(loads(line)) for line in data.decode().splitlines())
    if len(entries) != known.entries:
        raise CuratedError(f"{known.file} has {len(entries)} entries, the manifest says {known.entries}")
    return Listing.of(
        data,
        name=NAME,
        format="jsonl",
        retrieved_at=datetime.combine(known.compiled, time(), UTC),
        entries=entries,
    )


def _data(name: str) -> bytes:
    return files("blocklists").joinpath("data", name).read_bytes()

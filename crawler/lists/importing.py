"""Take a list into the instance: read, guard, keep the raw bytes, close what it no longer names."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from blocklists.defaults import Defaults
from blocklists.hostnames import canonical_host
from blocklists.model import Parsed
from blocklists.snapshot import Listing, Snapshot
from blocklists.sources import discover
from blocklists.succession import succeed
from crawler.config import Config
from crawler.lists.files import QUARANTINE, RAW, ListError, folder, read_file, write_file
from crawler.lists.loading import RESERVED_NAMES, load_imported, load_lists, save_imported
from crawler.lists.proposals import write_proposals


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What an import did."""

    listing: Listing
    parsed: Parsed
    snapshot: Snapshot
    """All lists in force after it."""
    proposals: Path | None = None
    """The file of proposed names, where the format only proposes."""


def import_list(config: Config, file: Path, form: str, defaults: Defaults | None = None) -> Imported:
    """Read a list into the instance, in the place of an earlier one of the same source.

    What the earlier one named and this one does not is closed, not forgotten. Lines that cannot be
    used go to quarantine with their reasons. Raises ListError.
    """
    return import_bytes(config, read_file(file), form, defaults or Defaults(source=file.stem))


def import_bytes(config: Config, data: bytes, form: str, defaults: Defaults) -> Imported:
    """The same, for bytes at hand."""
    listing, parsed = read_list(config, data, form, defaults)
    keep_raw(config, listing, data)
    quarantine(config, listing, parsed)
    if parsed.proposals:
        path = write_proposals(config, listing, parsed, defaults)
        return Imported(listing=listing, parsed=parsed, snapshot=load_lists(config), proposals=path)
    if not listing.entries and listing.rejected:
        # not one usable line is no list with nothing on it: what is in force stays so
        return Imported(listing=listing, parsed=parsed, snapshot=load_lists(config))
    listing = put_in_force(config, listing)
    return Imported(listing=listing, parsed=parsed, snapshot=load_lists(config))


def read_list(config: Config, data: bytes, form: str, defaults: Defaults) -> tuple[Listing, Parsed]:
    """Read a list without changing anything. Raises ListError."""
    sources = {source.name: source for source in discover()}
    if form not in sources:
        raise ListError(f"no list format {form!r}; known: {', '.join(sources)}")
    if defaults.source in RESERVED_NAMES:
        raise ListError(f"{defaults.source!r} is a name of our own; call the list something else (--source)")
    when = datetime.now(UTC)
    given = replace(
        defaults,
        allow_private=config.network.allow_private,
        retrieved_at=defaults.retrieved_at or when,
        own_hosts=defaults.own_hosts | own_hosts(config),
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
    return listing, parsed


def put_in_force(config: Config, listing: Listing) -> Listing:
    """Put a version of a list in the place of the one before; the list as it is then."""
    snapshot = load_imported(config)
    before = next((each for each in snapshot.listings if each.name == listing.name), None)
    followed = succeed(before, listing)
    save_imported(config, snapshot.with_listing(followed))
    return followed


def own_hosts(config: Config) -> frozenset[str]:
    """The operator's own hosts, which no list may shut out without a person looking."""
    urls = (config.crawler.info_url, config.publish.base_url)
    return frozenset(filter(None, (canonical_host(url) for url in urls if url)))


def keep_raw(config: Config, listing: Listing, data: bytes) -> None:
    """Keep the bytes as received, under their digest."""
    path = folder(config) / RAW / listing.sha256
    if not path.exists():
        write_file(path, data)


def quarantine(config: Config, listing: Listing, parsed: Parsed) -> None:
    """Keep every line that was not taken, with its reason."""
    lines = [
        json.dumps(
            {"list": listing.name, "line": r.line, "text": r.text, "reason": r.reason, "remedy": r.remedy}
        )
        for r in parsed.rejected
    ]
    path = folder(config) / f"{listing.sha256[:16]}.{QUARANTINE}"
    write_file(path, "".join(line + "\n" for line in lines).encode())

"""Bring registered lists up to date. A version that looks wrong is held back until a person approves it.

Whatever goes wrong, what is in force stays: a failed fetch, a broken file and a held version all leave
the list as it was, and only older.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from blocklists.links import read_links
from blocklists.register import LINKS, Registered
from blocklists.snapshot import Listing, compare
from blocklists.succession import confirmed
from crawler.config import Config
from crawler.lists.approvals import hold
from crawler.lists.fetching import Fetched, FetchError, fetch
from crawler.lists.files import PROPOSALS, STATE, ListError, folder, write_file
from crawler.lists.importing import keep_raw, put_in_force, quarantine, read_list
from crawler.lists.loading import load_imported, load_register, save_imported
from crawler.lists.proposals import write_proposals
from crawler.network import Client

State = dict[str, dict[str, str]]


class Outcome(StrEnum):
    """What an update of one list came to."""

    TAKEN = "taken"
    UNCHANGED = "unchanged"
    HELD = "held"
    FAILED = "failed"
    PROPOSED = "proposed"
    """Names or links for a person; nothing that counts changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Updated:
    """One list after an update."""

    name: str
    outcome: Outcome
    why: str = ""
    entries: int = 0
    added: int = 0
    removed: int = 0
    rejected: int = 0


def chosen(config: Config, names: Iterable[str]) -> tuple[Registered, ...]:
    """Registered sources by name. Raises ListError for one that is unknown or cannot be fetched."""
    register = load_register(config)
    found = []
    for name in names:
        source = register.get(name)
        if source is None:
            raise ListError(f"no source {name!r} is registered; `forbear blocklists sources` shows them")
        if not source.fetched:
            where = f"find it at {source.page}" if source.page else "no address of it is known"
            raise ListError(
                f"{name} cannot be fetched ({source.access}): {where}, and import it, or put its "
                f"address into {folder(config) / 'sources.toml'}"
            )
        found.append(source)
    return tuple(found)


def due(config: Config, sources: Iterable[Registered], now: datetime) -> tuple[Registered, ...]:
    """Those whose cadence has passed since the last look."""
    state = read_state(config)
    return tuple(source for source in sources if _is_due(source, state.get(source.name, {}), now))


async def update(config: Config, client: Client, sources: Iterable[Registered]) -> tuple[Updated, ...]:
    """Fetch lists and put what changed in force. Raises ListError only if our own files are damaged."""
    done = []
    for source in sources:
        state = read_state(config)
        known = state.get(source.name, {})
        try:
            got = await fetch(client, source, known, insecure=config.network.allow_private)
            result = _take(config, source, got, known)
        except FetchError as error:
            done.append(Updated(name=source.name, outcome=Outcome.FAILED, why=str(error)))
            continue
        done.append(result)
        if result.outcome is not Outcome.FAILED:
            state[source.name] = _remembered(got, known, held=result.outcome is Outcome.HELD)
            write_file(folder(config) / STATE, json.dumps(state, indent=1).encode())
    return tuple(done)


def read_state(config: Config) -> State:
    """What is remembered of earlier fetches, by source."""
    path = folder(config) / STATE
    try:
        value: Any = json.loads(path.read_text("utf-8")) if path.exists() else {}
    except ValueError as error:
        raise ListError(f"{path}: damaged; delete it, and the next update fetches everything") from error
    return value if isinstance(value, dict) else {}


def _is_due(source: Registered, known: Mapping[str, str], now: datetime) -> bool:
    looked = known.get("checked_at")
    return looked is None or now - datetime.fromisoformat(looked) >= timedelta(days=source.cadence_days)


def _remembered(got: Fetched, known: Mapping[str, str], *, held: bool) -> dict[str, str]:
    # Of a held version nothing is remembered, so that it is fetched and looked at again.
    kept = dict(known) if got.data is None else {"etag": got.etag, "last_modified": got.last_modified}
    return {**({} if held else kept), "checked_at": datetime.now(UTC).isoformat()}


def _take(config: Config, source: Registered, got: Fetched, known: Mapping[str, str]) -> Updated:
    before = _in_force(config, source.name)
    if got.data is None:
        if before is not None:
            snapshot = load_imported(config)
            save_imported(config, snapshot.with_listing(confirmed(before, datetime.now(UTC))))
        return Updated(name=source.name, outcome=Outcome.UNCHANGED)
    if source.format == LINKS:
        return _links(config, source, got)
    listing, parsed = read_list(config, got.data, source.format, source.defaults())
    listing = replace(listing, url=got.url)
    keep_raw(config, listing, got.data)
    quarantine(config, listing, parsed)
    rejected = len(parsed.rejected)
    if parsed.proposals:
        write_proposals(config, listing, parsed, source.defaults())
        return Updated(
            name=source.name, outcome=Outcome.PROPOSED, why=f"{len(parsed.proposals)} names for a person"
        )
    old = before or replace(listing, entries=())
    change = compare(old, listing, limit=getattr(config.blocklists, "max_change", 0.3))
    # The first version of a list has nothing it could be compared with, unless it holds nothing.
    if change.alarm and (before is not None or not listing.entries):
        hold(config, listing, change.alarm)
        why = f"{change.alarm}; `forbear blocklists approve {source.name}` takes it"
        return Updated(name=source.name, outcome=Outcome.HELD, why=why, rejected=rejected)
    followed = put_in_force(config, listing)
    outcome = Outcome.TAKEN if change.added or change.removed else Outcome.UNCHANGED
    return Updated(
        name=source.name,
        outcome=outcome,
        entries=sum(entry.known_to is None for entry in followed.entries),
        added=len(change.added),
        removed=len(change.removed),
        rejected=rejected,
    )


def _links(config: Config, source: Registered, got: Fetched) -> Updated:
    links = read_links(got.data or b"", got.url, load_register(config).values())
    fresh = [link for link in links if not link.known]
    lines = [{"url": link.url, "text": link.text} for link in fresh]
    path = folder(config) / PROPOSALS / f"{source.name}.links.json"
    write_file(path, json.dumps(lines, ensure_ascii=False, indent=1).encode())
    why = f"{len(links)} links, {len(fresh)} not registered" + (f": see {path}" if fresh else "")
    return Updated(name=source.name, outcome=Outcome.PROPOSED if fresh else Outcome.UNCHANGED, why=why)


def _in_force(config: Config, name: str) -> Listing | None:
    return next((each for each in load_imported(config).listings if each.name == name), None)

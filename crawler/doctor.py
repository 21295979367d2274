"""Self-check of an instance: what is missing or wrong, each with its remedy."""

from __future__ import annotations

import shutil
import sqlite3
import ssl
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

from crawler.config import Config, ConfigError
from crawler.conformance import run_vector
from crawler.lists import ListError, load_lists
from crawler.network import read_proxies
from crawler.store.database import DatabaseError, open_for_reading
from crawler.store.queries.recheck import DueFilter, count_due
from crawler.store.queries.resume import committed_ends
from crawler.vectors import shipped_vectors

_LOW_DISK = 2 * 2**30


class Health(StrEnum):
    """How a check came out."""

    OK = "ok"
    NOTE = "note"
    BAD = "bad"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at."""

    health: Health
    about: str
    says: str


def diagnose(config: Config) -> Iterator[Finding]:
    """Look at everything a crawl needs, without asking anybody on the network."""
    for about, check in _CHECKS.items():
        health, says = check(config)
        yield Finding(health=health, about=about, says=says)


Answer = tuple[Health, str]


def _python(config: Config) -> Answer:
    version = ".".join(map(str, sys.version_info[:3]))
    return Health.OK, f"Python {version}, {ssl.OPENSSL_VERSION}, SQLite {sqlite3.sqlite_version}"


def _identity(config: Config) -> Answer:
    try:
        config.require_identity()
    except ConfigError as error:
        return Health.BAD, str(error)
    return Health.OK, f"{config.user_agent}, From: {config.from_address}"


def _packages(config: Config) -> Answer:
    import crawler as package

    place = Path(package.__file__ or "").resolve().parent
    own = Path(__file__).resolve().parent
    if place != own:
        return Health.BAD, f"another package named `crawler` is in the way: {place}; use another environment"
    return Health.OK, f"loaded from {own.parent}"


def _readers(config: Config) -> Answer:
    results = [run_vector(vector) for vector in shipped_vectors()]
    failed = [r.name for r in results if not r.passed and not r.disputed]
    if failed:
        return Health.BAD, f"{len(failed)} of {len(results)} vectors fail, such as {failed[0]}; reinstall"
    return Health.OK, f"all {len(results)} conformance vectors pass"


def _database(config: Config) -> Answer:
    try:
        engine = open_for_reading(config.database_url)
    except DatabaseError as error:
        known = config.storage.database or (config.storage.data / "forbear.db").exists()
        return (
            (Health.BAD, str(error)) if known else (Health.NOTE, "no record yet; `forbear crawl` makes one")
        )
    with engine.connect() as connection:
        ends = committed_ends(connection)
    engine.dispose()
    short = [name for name, end in _ends(ends) if _size(config.storage.data / name) < end]
    if short:
        return Health.BAD, f"{short[0]} is shorter than the record knows; restore it from a backup"
    return Health.OK, f"{config.database_url.partition('@')[2] or config.database_url}, files complete"


def _ends(ends: object) -> Iterator[tuple[str, int]]:
    for folder, files in dict(ends).items():  # type: ignore[call-overload]
        for name, end in files.items():
            yield f"{folder}/{name}", end


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else -1


def _disk(config: Config) -> Answer:
    folder = config.storage.data.absolute()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    says = f"{free / 2**30:.1f} GiB free at {folder}"
    return (Health.NOTE if free < _LOW_DISK else Health.OK), says


def _lists(config: Config) -> Answer:
    try:
        snapshot = load_lists(config)
    except ListError as error:
        return Health.BAD, str(error)
    if not snapshot.listings:
        return Health.NOTE, "no list was imported; `forbear blocklists import` reads one"
    oldest = min(listing.retrieved_at for listing in snapshot.listings)
    age = (datetime.now(UTC) - oldest).total_seconds()
    entries = sum(len(listing.entries) for listing in snapshot.listings)
    says = f"{len(snapshot.listings)} lists, {entries} entries, the oldest {age / 86_400:.0f} days old"
    return (Health.NOTE if age > config.blocklists.max_age else Health.OK), says


def _second_looks(config: Config) -> Answer:
    try:
        engine = open_for_reading(config.database_url)
    except DatabaseError:
        return Health.OK, "nothing is kept yet that could be looked at again"
    due = datetime.now(UTC) - timedelta(seconds=config.recheck.interval)
    with engine.connect() as connection:
        number = count_due(connection, DueFilter(before=due, retry_before=due))
    engine.dispose()
    if number:
        pages = "1 page is" if number == 1 else f"{number:,} pages are"
        return Health.NOTE, f"{pages} due for a second look; `forbear recheck` looks again"
    return Health.OK, f"no page is due; each is after {config.recheck.interval / 86_400:.0f} days"


def _network(config: Config) -> Answer:
    try:
        proxies = read_proxies(config.network.proxy)
    except ConfigError as error:
        return Health.BAD, str(error)
    names = ", ".join(sorted(f"{e.host}:{e.port}" for e in proxies.endpoints))
    if config.network.allow_private:
        return Health.NOTE, "allow_private = true: private addresses are reached; for tests only"
    if names:
        return Health.NOTE, f"through {names}, which resolves names and must itself block private ranges"
    return Health.OK, "direct, private and special addresses refused"


_CHECKS: dict[str, Callable[[Config], Answer]] = {
    "python": _python,
    "packages": _packages,
    "identity": _identity,
    "readers": _readers,
    "record": _database,
    "disk": _disk,
    "lists": _lists,
    "recheck": _second_looks,
    "network": _network,
}

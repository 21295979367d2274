"""Folders with so many decisions that sums of them are kept, as they are of hosts.

A folder is looked at when some of the decisions in it are: one that has grown large is found soon, and those
that stay small cost nothing. Of a folder without sums the decisions are read, and there are few.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from sqlalchemy import Connection, func, select

from crawler.store.places import key_range
from crawler.store.schema import decision
from crawler.store.summary import counted, site_decisions

LARGE = 1000
"""Decisions from which on sums of a folder are kept."""
EACH = 250
"""One decision of so many has its folders looked at."""
DEPTH = 8
"""Folders of one address that may have sums, from the outermost on."""
CHUNK = 2000
MARK = "/"
"""Begins the name of a folder in the tables of sums: before all hosts, so that no range of hosts has one."""

Places = Callable[[str], tuple[str, ...]]
"""From the lookup key of a decision to whatever has sums that it adds to."""


def site_key(lookup_key: str) -> str:
    """The part of a lookup key that names the host: `org,example,www)`."""
    return lookup_key.partition(")")[0] + ")"


def site_alone(lookup_key: str) -> tuple[str, ...]:
    """The host and none of its folders."""
    return (site_key(lookup_key),)


def folders(lookup_key: str) -> tuple[str, ...]:
    """Names of the folders that an address lies in, without the root: `/org,example)/news/`."""
    site, path = site_key(lookup_key), lookup_key.partition(")")[2].partition("?")[0]
    parts = path.split("/")[1:-1]
    return tuple(f"{MARK}{site}/{'/'.join(parts[: n + 1])}/" for n in range(min(len(parts), DEPTH)))


def folder_of(prefix: str) -> str | None:
    """The folder that holds just the lookup keys with this beginning; None where it is no folder's name."""
    name = MARK + prefix
    return name if name in folders(prefix) else None


def keys_of(place: str) -> tuple[str, str]:
    """The range of the lookup keys in a host or folder."""
    return key_range(place.removeprefix(MARK))


def has_sums(connection: Connection, folder: str) -> bool:
    """Whether sums of a folder are kept."""
    mine = select(site_decisions.c.site).where(site_decisions.c.site == folder).limit(1)
    return connection.scalar(mine) is not None


def places_of(connection: Connection, lookup_keys: Iterable[str]) -> Places:
    """Hosts of these keys, and those of their folders that have sums."""
    wanted = sorted({folder for key in lookup_keys for folder in folders(key)})
    known: set[str] = set()
    for start in range(0, len(wanted), CHUNK):
        some = site_decisions.c.site.in_(wanted[start : start + CHUNK])
        known.update(connection.scalars(select(site_decisions.c.site).where(some).distinct()))
    return lambda key: (site_key(key), *(folder for folder in folders(key) if folder in known))


def looked_upto(connection: Connection) -> int:
    """The last decision whose folders were looked at."""
    return connection.scalar(select(func.max(counted.c.folders))) or 0


def without_sums(connection: Connection, ids: Sequence[int]) -> list[str]:
    """Folders of these decisions that are large and have no sums yet, outer ones first."""
    keys = connection.scalars(select(decision.c.lookup_key).where(decision.c.id.in_(ids)))
    names = sorted({folder for key in keys for folder in folders(key)})
    return [name for name in names if not has_sums(connection, name) and _is_large(connection, name)]


def _is_large(connection: Connection, folder: str) -> bool:
    start, end = keys_of(folder)
    key = decision.c.lookup_key
    beyond = select(key).where(key >= start, key < end).order_by(key).limit(1).offset(LARGE - 1)
    return connection.scalar(beyond) is not None

"""What a crawl needs to know to go on where another process stopped."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping

from sqlalchemy import Connection, Table, func, select

from crawler.frontier.schema import State, url
from crawler.store.retention.tables import removed
from crawler.store.schema import document, observation

MAX_SEEDS = 1_000_000


def committed_ends(connection: Connection) -> Mapping[str, Mapping[str, int]]:
    """For each folder of WARC files, the end of the last committed record of each file."""
    ends: dict[str, dict[str, int]] = defaultdict(dict)
    for path, end in warc_ends(connection).items():
        folder, _, name = path.partition("/")
        ends[folder][name] = end
    return ends


def warc_ends(connection: Connection, tables: Collection[str] = ()) -> Mapping[str, int]:
    """The end of the last committed record of each WARC file, by its path below the data folder.

    `tables` names those there are, where the schema may be an older one.
    """
    ends: dict[str, int] = {}
    # What was removed still has its place in the file: other records lie behind it.
    for table in (document, observation, removed):
        if not tables or table.name in tables:
            for path, end in _ends(connection, table):
                ends[path] = max(end, ends.get(path, 0))
    return ends


def _ends(connection: Connection, table: Table) -> list[tuple[str, int]]:
    c = table.c
    query = (
        select(c.warc_file, func.max(c.warc_offset + c.warc_length))
        .where(c.warc_file.is_not(None))
        .group_by(c.warc_file)
    )
    return [(str(file), int(end)) for file, end in connection.execute(query)]


def kept_per_domain(connection: Connection) -> Mapping[str, int]:
    """Documents kept so far, by registrable domain."""
    query = select(document.c.domain, func.count()).group_by(document.c.domain)
    return {str(domain): int(number) for domain, number in connection.execute(query)}


def kept_in_flight(connection: Connection) -> set[str]:
    """URLs that are kept, but whose row in the frontier does not say that they are done.

    A process that died between the two leaves them, and they stay so however many follow it; they are
    fetched again for their links, and kept once.
    """
    unfinished = url.c.state != State.DONE.value
    # the same 64-bit hash is the key of both tables; comparing the text rules a collision out
    same = (document.c.url_hash == url.c.key) & (document.c.url == url.c.url)
    return set(
        connection.scalars(select(document.c.url).select_from(url.join(document, same)).where(unfinished))
    )


def seed_urls(connection: Connection) -> tuple[str, ...]:
    """The seeds of earlier runs on this data, whose hosts bound what a later one follows."""
    return tuple(
        connection.scalars(
            select(url.c.url).where(url.c.source.in_(("seed", "sitemap")), url.c.url != "").limit(MAX_SEEDS)
        )
    )

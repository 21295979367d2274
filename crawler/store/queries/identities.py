"""Identity history: under which names requests were sent, and from when to when."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from crawler.store.queries.decisions import identity_name
from crawler.store.schema import crawl, crawler_identity


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityRow:
    """A name under which requests were sent."""

    name: str
    """As decisions call it: product token and the first digits of the hash."""
    hash: str
    product_token: str
    user_agent: str
    from_address: str
    info_url: str
    first_used: datetime
    last_used: datetime
    """When the last crawl under it ended, or began if it has no end."""
    crawls: int


def identities(connection: Connection) -> Iterator[IdentityRow]:
    """Identities in the order they were first used."""
    table = crawler_identity
    last = func.max(func.coalesce(crawl.c.ended_at, crawl.c.started_at), type_=crawl.c.started_at.type)
    rows = connection.execute(
        select(table, last.label("last_used"), func.count(crawl.c.id).label("crawls"))
        .outerjoin(crawl, crawl.c.identity_id == table.c.id)
        .group_by(table.c.id)
        .order_by(table.c.id)
    )
    for row in rows:
        yield IdentityRow(
            name=identity_name(row.product_token, row.hash),
            hash=row.hash,
            product_token=row.product_token,
            user_agent=row.user_agent,
            from_address=row.from_address,
            info_url=row.info_url,
            first_used=row.first_used,
            last_used=row.last_used or row.first_used,
            crawls=row.crawls,
        )

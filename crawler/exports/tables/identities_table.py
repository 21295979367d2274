"""Identity history: under which names requests were sent."""

from __future__ import annotations

from collections.abc import Iterator

from crawler.exports.tables import columns as c
from crawler.exports.tables.model import Selection, Table
from crawler.exports.tables.present import identity_used
from crawler.store.database import Connection
from crawler.store.queries.identities import IdentityRow, identities


def rows(connection: Connection, _: Selection) -> Iterator[IdentityRow]:
    """Identities in the order they were first used."""
    return identities(connection)


TABLE = Table(
    name="identities",
    title="Identity history",
    description="A name under which requests were sent, from when to when.",
    properties={
        "identity": c.IDENTITY,
        "hash": c.digest("SHA-256 over token, user agent, From and page."),
        "product_token": c.text("What publishers write after User-agent."),
        "user_agent": c.text("The User-Agent header."),
        "from": c.text("The From header."),
        "info_url": c.text("The page about the crawler."),
        "first_used": c.time("When a crawl first used it."),
        "last_used": c.time("When the last crawl under it ended, or began if it has no end."),
        "crawls": c.count("How many crawls used it."),
    },
    takes=(),
    rows=rows,
    present=identity_used,
)

"""What is said of an address in machine-readable form, also where its record was removed."""

from __future__ import annotations

from crawler.present import Json, explained, removed
from crawler.store.database import Connection
from crawler.store.queries.retention import redactions_of_url
from crawler.store.queries.why import WhyFilter, why


def about_url(connection: Connection, url: str) -> list[Json]:
    """Removals, then decisions, the newest first: the objects that `forbear why --json` prints."""
    gone = [removed(url, made) for made in redactions_of_url(connection, url)]
    return gone + [explained(found) for found in why(connection, WhyFilter(url=url))]

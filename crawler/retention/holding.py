"""Placing and releasing holds: a transaction with its row in the audit trail."""

from __future__ import annotations

from datetime import datetime

from crawler.config import Config
from crawler.retention.holds import Hold, HoldKind
from crawler.store.database import open_database, open_for_reading
from crawler.store.log import Engine, plain_errors
from crawler.store.queries.retention import holds
from crawler.store.retention.targets import crawl_exists
from crawler.store.retention.writing import place_hold, release_hold


class NoSuchCrawlError(LookupError):
    """The record has no crawl of that number."""


def hold(config: Config, kind: HoldKind, subject: str, reason: str, actor: str, when: datetime) -> int:
    """Place a hold, also on what the record does not have yet; its number.

    Raises DatabaseError, and NoSuchCrawlError for a crawl that the record does not know.
    """
    engine = _opened(config)
    try:
        with plain_errors(), engine.begin() as connection:
            if kind is HoldKind.CRAWL and not crawl_exists(connection, int(subject)):
                raise NoSuchCrawlError(f"the record has no crawl {subject}")
            return place_hold(connection, kind, subject, reason, actor, when)
    finally:
        engine.dispose()


def release(config: Config, number: int, reason: str, actor: str, when: datetime) -> bool:
    """End a hold; False where none of that number is in force. Raises DatabaseError."""
    engine = _opened(config)
    try:
        with plain_errors(), engine.begin() as connection:
            return release_hold(connection, number, reason, actor, when)
    finally:
        engine.dispose()


def listed(config: Config, *, released: bool = False) -> tuple[Hold, ...]:
    """Holds in force, with `released` also those that ended. Raises DatabaseError."""
    engine = open_for_reading(config.database_url)
    try:
        with engine.connect() as connection:
            return holds(connection, released=released)
    finally:
        engine.dispose()


def _opened(config: Config) -> Engine:
    """The record for writing, where there is one of this release: none is made for a slip in a name."""
    open_for_reading(config.database_url).dispose()
    return open_database(config.database_url)

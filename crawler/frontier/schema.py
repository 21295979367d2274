"""Tables of the SQL frontier: every URL ever put, and a lane per host.

They are work in progress, not part of the record: nothing here is shown to anyone as a decision.
"""

from __future__ import annotations

from enum import IntEnum
from hashlib import blake2b

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    String,
    Table,
    Text,
    text,
)

from crawler.store.metadata import metadata


class State(IntEnum):
    """Where a URL stands."""

    WAITING = 0
    LEASED = 1
    DONE = 2
    LATER = 3
    """Put off until `due`; waiting again from then on."""


# SQLite gives an autoincrementing 64-bit row id to INTEGER alone.
_ID = BigInteger().with_variant(Integer, "sqlite")

host = Table(
    "frontier_host",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("ready_at", Float, nullable=False),
    # Kept by hand, since count(*) for each lease costs more than the lease.
    Column("waiting", Integer, nullable=False),
)
Index(
    "frontier_host_ready",
    host.c.ready_at,
    host.c.id,
    sqlite_where=text("waiting > 0"),
    postgresql_where=text("waiting > 0"),
)

url = Table(
    "frontier_url",
    metadata,
    Column("id", _ID, primary_key=True),
    # Eight bytes instead of the text: a third less time and disk for each put.
    Column("key", BigInteger, nullable=False, unique=True),
    Column("url", Text, nullable=False),
    Column("host_id", _ID, ForeignKey(host.c.id), nullable=False),
    Column("state", SmallInteger, nullable=False),
    Column("rank", Integer, nullable=False),
    Column("due", Float, nullable=False),
    Column("attempt", SmallInteger, nullable=False),
    Column("depth", Integer, nullable=False),
    Column("hops", SmallInteger, nullable=False),
    Column("via", Text),
    Column("source", String(8), nullable=False),
)


def _partial(name: str, state: State, *columns: Column[int]) -> None:
    where = text(f"state = {state:d}")
    Index(name, *columns, sqlite_where=where, postgresql_where=where)


_partial("frontier_url_ready", State.WAITING, url.c.host_id, url.c.rank, url.c.id)
_partial("frontier_url_leased", State.LEASED, url.c.id)
_partial("frontier_url_later", State.LATER, url.c.due)


def key_of(address: str, probe: int = 0) -> int:
    """The signed 64-bit key of a URL; `probe` counts up past keys that other URLs hold already."""
    data = address.encode("utf-8", "surrogatepass")
    digest = blake2b(data, digest_size=8, salt=probe.to_bytes(4, "big"))
    return int.from_bytes(digest.digest(), "big", signed=True)

"""Rows that are deleted as a whole and leave nothing behind but the digest of all of them."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from sqlalchemy import Column, Connection, Row, Table, delete, select

from crawler.retention.model import Item, Taken, What
from crawler.store.codec import to_json
from crawler.store.columns import iso


def delete_rows(connection: Connection, table: Table, keys: Sequence[int]) -> Taken:
    """Delete rows by their ids."""
    key: Column[Any] = table.c.id
    running, size, count = sha256(), 0, 0
    for row in connection.execute(select(table).where(key.in_(list(keys))).order_by(key)):
        line = row_bytes(row)
        running.update(line)
        size, count = size + len(line), count + 1
    connection.execute(delete(table).where(key.in_(list(keys))))
    item = Item(what=What.ROWS, sha256=running.hexdigest(), bytes=size, ref=table.name)
    return Taken(items=(item,) if count else (), rows=count)


def row_bytes(row: Row[Any]) -> bytes:
    """A row as one line of JSON, by which its digest is made and its size told."""
    values = [iso(value) if hasattr(value, "isoformat") else value for value in row]
    return (to_json(values) + "\n").encode()

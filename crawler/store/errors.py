"""What the record raises, on its own: what catches it need not load a database library."""

from __future__ import annotations


class DatabaseError(Exception):
    """The database cannot be used; the message says what to do about it."""

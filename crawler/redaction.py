"""Secrets in header lines: replaced by a marker before anything is stored or hashed."""

from __future__ import annotations

from collections.abc import Iterable

REDACTED = "[redacted]"
_SECRET_FIELDS = frozenset({"set-cookie", "set-cookie2", "cookie", "authorization", "proxy-authorization"})


def is_secret(name: str) -> bool:
    """Whether a field may carry a credential and is kept as a marker only."""
    return name.lower() in _SECRET_FIELDS


def redacted(fields: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Header lines with the values of secret fields replaced."""
    return tuple((name, REDACTED if is_secret(name) else value) for name, value in fields)

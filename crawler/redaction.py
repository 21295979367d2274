"""Secrets in header lines: replaced by a marker before anything is stored or hashed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

REDACTED = "[redacted]"
_SECRET_FIELDS = frozenset({"set-cookie", "set-cookie2", "cookie", "authorization", "proxy-authorization"})


def is_secret(name: str) -> bool:
    """Whether a field may carry a credential and is kept as a marker only."""
    return name.lower() in _SECRET_FIELDS


def redacted(fields: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Header lines with the values of secret fields replaced."""
    return tuple((name, REDACTED if is_secret(name) else value) for name, value in fields)


def without_secrets(settings: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration as it is recorded: without passwords in URLs and without what opens staff pages."""
    kept = {section: dict(keys) for section, keys in settings.items()}
    for section, key in (("storage", "database"), ("network", "proxy")):
        if value := kept.get(section, {}).get(key):
            kept[section][key] = _without_password(str(value))
    if tokens := kept.get("publish", {}).get("staff_tokens"):
        kept["publish"]["staff_tokens"] = [f"{str(token).partition(':')[0]}:{REDACTED}" for token in tokens]
    return kept


def _without_password(url: str) -> str:
    scheme, separator, rest = url.partition("://")
    user_info, at, host = rest.rpartition("@")
    return f"{scheme}{separator}{REDACTED}@{host}" if at and user_info else url

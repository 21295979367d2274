"""What changed between two declarations: one notice a category, with each row before and after."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from crawler.identity import wording
from crawler.identity.declaration import Category, Declaration
from crawler.store.queries.publications import Notice

FIRST = "says who it is and what it honours"


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """When a version is made known, under which number, and when it takes effect."""

    number: int
    published_at: datetime
    effective_at: datetime


def notices_of(
    before: Declaration | None, after: Declaration, announced: Announcement, base_url: str
) -> tuple[Notice, ...]:
    """The notices of a new version, in the order of the categories; one alone for the first version."""
    token = str(after[Category.IDENTITY]["product_token"])
    if before is None:
        return (_notice(announced, base_url, Category.IDENTITY, f"{token} {FIRST}", ()),)
    found = []
    for category in Category:
        rows = list(changed_rows(before.get(category, {}), after.get(category, {})))
        if rows:
            title = f"{token}: {wording.summary(category, rows)} (from {wording.day(announced.effective_at)})"
            texts = tuple(_row(category, *row) for row in rows)
            found.append(_notice(announced, base_url, category, title, texts))
    return tuple(found)


def changed_rows(before: Any, after: Any) -> Iterator[tuple[str, Any, Any]]:
    """Rows that are new, gone or different: key, value before, value after (None: no such row)."""
    for key in sorted(before.keys() | after.keys()):
        was, now = before.get(key), after.get(key)
        if was != now:
            yield key, was, now


def entry_id(base_url: str, announced: Announcement, category: str) -> str:
    """A tag URI (RFC 4151) that no other entry ever has."""
    host = urlsplit(base_url).hostname or "localhost"
    return f"tag:{host},{announced.published_at:%Y-%m-%d}:policy/{announced.number}/{category}"


def _row(category: str, key: str, before: Any, after: Any) -> tuple[str, str, str]:
    known = after if after is not None else before
    old, new = (wording.in_text(category, key, value) for value in (before, after))
    if old == new:  # only what the text leaves out has changed
        old, new = f"{old} [{_rest(before)}]", f"{new} [{_rest(after)}]"
    return wording.label(category, key, known), old, new


def _rest(value: Any) -> str:
    return ", ".join(f"{k} {v}" for k, v in sorted(value.items())) if isinstance(value, dict) else str(value)


def _notice(
    announced: Announcement,
    base_url: str,
    category: Category,
    title: str,
    changes: Sequence[tuple[str, str, str]],
) -> Notice:
    return Notice(
        number=announced.number,
        entry_id=entry_id(base_url, announced, category),
        category=category.value,
        title=title,
        changes=tuple(changes),
        published_at=announced.published_at,
        effective_at=announced.effective_at,
    )

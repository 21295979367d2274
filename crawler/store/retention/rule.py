"""What a retention rule is, and the ones there are: one file each in `rules`, found by name."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import Column, Connection, Row, Select

from crawler.retention.holds import Hold
from crawler.retention.model import Candidate, Taken

if TYPE_CHECKING:
    from crawler.store.retention.marks import Marks

CHUNK = 1000
"""Rows looked at in one statement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """From when on things are kept, and what is kept in any case."""

    before: datetime
    """What is older may go."""
    holds: tuple[Hold, ...]
    marks: Callable[[], Marks]
    """What decisions need of the evidence; made at the first call, which reads every decision."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """What is to be removed in one transaction."""

    keys: tuple[Any, ...]
    when: datetime
    days: int
    marks: Callable[[], Marks]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """How long one kind of thing is kept, and how it goes."""

    name: str
    """The key in `[retention]`."""
    words: str
    """What goes, in words."""
    candidates: Callable[[Connection, Due], Iterator[Sequence[Candidate]]]
    """What is old enough, page by page, held or not; what was removed is none any more."""
    remove: Callable[[Connection, Removal], Taken]
    batch: int = 500
    """Rows removed in one transaction."""
    frees: bool = False
    """What it removes frees other things: it comes last, so that a dry run tells what a run does."""


@cache
def rules() -> tuple[Rule, ...]:
    """Every rule, in the order in which they are applied."""
    from crawler.store.retention import rules as package

    names = sorted(info.name for info in pkgutil.iter_modules(package.__path__))
    found = tuple(importlib.import_module(f"{package.__name__}.{name}").RULE for name in names)
    assert [rule.name for rule in found] == names
    return tuple(sorted(found, key=lambda rule: rule.frees))


def paged(
    connection: Connection,
    statement: Select[Any],
    key: Column[Any],
    candidate: Callable[[Row[Any]], Candidate | None],
) -> Iterator[Sequence[Candidate]]:
    """The rows of a statement in the order of a key, CHUNK at a time, as candidates."""
    after: Any = None
    while True:
        page = statement if after is None else statement.where(key > after)
        rows = connection.execute(page.order_by(key).limit(CHUNK)).all()
        found = [candidate(row) for row in rows]
        yield [item for item in found if item is not None]
        if len(rows) < CHUNK:
            return
        after = getattr(rows[-1], key.name)

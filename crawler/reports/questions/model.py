"""What a canned question is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from crawler.reports.model import Ask, Block
from crawler.store.database import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question that auditors and lawyers ask, answered from the record alone."""

    number: int
    name: str
    text: str
    """As it is asked."""
    needs: tuple[str, ...] = ()
    """Options without which it cannot be answered."""
    takes: tuple[str, ...] = ()
    """Options that narrow the answer."""
    answer: Callable[[Connection, Ask], tuple[Block, ...]]

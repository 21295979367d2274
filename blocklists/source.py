"""What a list format or publisher is: a name, words, and a function of bytes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from blocklists.defaults import Defaults
from blocklists.model import Parsed


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A list format or publisher: one file in `blocklists/sources/`."""

    name: str
    title: str
    description: str
    parse: Callable[[bytes, Defaults], Parsed]
    needs: tuple[str, ...] = field(default=())
    """Flags of `forbear blocklists import` without which every line of this format is rejected."""

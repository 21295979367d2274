"""What a way of reserving rights is: declarations, and one pure function over the facts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from reservations.facts import Facts
from reservations.model import EvidenceRequest, Location, NoteKind, Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol:
    """One way of reserving rights: declarations, and one pure function over the facts."""

    name: str
    title: str
    spec_url: str
    spec_version: str
    kinds: tuple[str, ...]
    """Kinds of evidence it reads."""
    parse: Callable[[Facts], Reading]
    locations: tuple[Location, ...] = ()
    wants: Callable[[Facts], tuple[EvidenceRequest, ...]] | None = None
    """Evidence that what is known so far points to (a licence document named in robots.txt)."""
    meta_names: frozenset[str] = field(default_factory=frozenset)
    """Lower-case `name`, `property` or `http-equiv` values of meta elements that carry it."""
    codes: tuple[str, ...] = ()
    """Reason codes it can give."""
    notes: tuple[NoteKind, ...] = ()

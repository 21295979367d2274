"""`Content-Usage` in meta elements, where no draft puts it and static hosting leaves no other place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reservations.model import Locator
from reservations.readers.content_usage import FIELD, Usage, read_usage
from reservations.readers.meta_elements import NAMINGS, meta_elements, named

if TYPE_CHECKING:
    from reservations.facts import Facts


def usage_elements(facts: Facts) -> tuple[tuple[Usage, Locator], ...]:
    """The value of every such element of the page, and where it stands."""
    return tuple(
        (read_usage((element.get("content") or "").strip()), locator)
        for element, locator in meta_elements(facts)
        if any(named(element, naming) == FIELD for naming in NAMINGS)
    )

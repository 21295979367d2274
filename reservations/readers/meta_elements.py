"""Meta elements of a page that carry a signal, each with its place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from reservations.model import HTML_SIGNALS, Locator, quoted
from reservations.readers.elements import FIRST_ELEMENT_LINE, Element

if TYPE_CHECKING:
    from reservations.facts import Facts

NAMINGS = ("name", "property", "http-equiv")
"""Attributes that name a meta element; only the first is where most protocols want the name."""


def meta_elements(facts: Facts) -> Iterator[tuple[Element, Locator]]:
    """In document order; the locator's line is that of the stored extract."""
    extract = facts.own(HTML_SIGNALS)
    if extract is None:
        return
    for line, element in enumerate(facts.elements, start=FIRST_ELEMENT_LINE):
        if element.tag == "meta":
            yield (
                element,
                Locator(
                    evidence=extract.sha256, line=line, offset=element.offset, quote=quoted(element.quote)
                ),
            )


def named(element: Element, attribute: str) -> str:
    """The value of a naming attribute, as names are compared; empty where there is none."""
    return (element.get(attribute) or "").strip().lower()

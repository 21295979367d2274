"""`Content-Usage` in meta elements, where no draft puts it and static hosting leaves no other place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reservations.model import HTML_SIGNALS, Locator, quoted
from reservations.readers.content_usage import Usage, read_usage
from reservations.readers.elements import FIRST_ELEMENT_LINE, Element

if TYPE_CHECKING:
    from reservations.facts import Facts

NAME = "content-usage"
_NAMINGS = ("name", "http-equiv", "property")


def usage_elements(facts: Facts) -> tuple[tuple[Usage, Locator], ...]:
    """The value of every such element of the page, and where it stands."""
    extract = facts.own(HTML_SIGNALS)
    if extract is None:
        return ()
    return tuple(
        (
            read_usage((element.get("content") or "").strip()),
            Locator(evidence=extract.sha256, line=line, offset=element.offset, quote=quoted(element.quote)),
        )
        for line, element in enumerate(facts.elements, start=FIRST_ELEMENT_LINE)
        if _is_named(element)
    )


def _is_named(element: Element) -> bool:
    return element.tag == "meta" and any((element.get(n) or "").strip().lower() == NAME for n in _NAMINGS)

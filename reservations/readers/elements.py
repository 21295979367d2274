"""The signal extract of a page: its elements as values, and as the bytes that are stored.

Canonical, so that equal elements give equal bytes and one digest; a line names an element.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

MAX_EXTRACT = 8_000_000
"""Bytes of an extract that are decoded."""

CHALLENGE = "challenge"
"""Tag of the element that stands for the mark of a challenge page."""
LOGIN, PAYWALL = "login-page", "paywall"
"""Tags of the elements that stand for a page that is a login, and for a part that a script keeps hidden."""

FIRST_ELEMENT_LINE = 2
"""Line of the first element in what `encode_elements` makes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """One signal-carrying element, reduced to what carries the signal."""

    tag: str
    """Lower-case element name, or CHALLENGE."""
    attributes: tuple[tuple[str, str], ...] = ()
    """Name and value; of structured data, what it says about access."""
    text: str = ""
    """Of an RSL document inside the page; else empty."""
    offset: int | None = None
    """Byte offset of the tag in the body as received; None where it cannot be told."""

    def get(self, name: str) -> str | None:
        """The value of the first attribute of this name."""
        return next((v for n, v in self.attributes if n == name), None)

    @property
    def quote(self) -> str:
        """The element as one would write it."""
        inner = "".join(f' {n}="{v}"' for n, v in self.attributes)
        return f"<{self.tag}{inner}>"


def encode_elements(elements: Iterable[Element]) -> bytes:
    """Canonical bytes: a JSON array with one element a line, so that a line names an element."""
    lines = (
        json.dumps(
            {"attributes": e.attributes, "offset": e.offset, "tag": e.tag, "text": e.text},
            separators=(",", ":"),
        )
        for e in elements
    )
    return ("[\n" + ",\n".join(lines) + "\n]\n").encode("ascii")


def decode_elements(data: bytes) -> tuple[Element, ...]:
    """Elements from their bytes; none at all where the bytes are not such an extract. Never raises."""
    if len(data) > MAX_EXTRACT:
        return ()
    try:
        return tuple(_decoded(item) for item in json.loads(data))
    except (ValueError, TypeError, KeyError, RecursionError):
        return ()


def _decoded(item: dict[str, object]) -> Element:
    tag, text, offset, pairs = item["tag"], item["text"], item["offset"], item["attributes"]
    if not isinstance(tag, str) or not isinstance(text, str) or not isinstance(pairs, list):
        raise TypeError("not an element")
    if offset is not None and (type(offset) is not int or offset < 0):
        raise TypeError("not an offset")
    attributes = []
    for name, value in pairs:
        if not isinstance(name, str) or not isinstance(value, str):
            raise TypeError("not an attribute")
        attributes.append((name, value))
    return Element(tag=tag, attributes=tuple(attributes), text=text, offset=offset)

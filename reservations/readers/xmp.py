"""Properties of an XMP packet (ISO 16684-1), by namespace and never by prefix.

Attribute, element text, `rdf:resource` and array items are the same property written four ways.
Packets copied by hand are often not XML (the TDMRep report's own sample leaves a value unquoted);
those are read by a plain scan and reported as such.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element, ParseError  # types only; parsing is defusedxml's

from defusedxml.ElementTree import fromstring  # type: ignore[import-untyped]

MAX_BYTES = 1_000_000
MAX_PROPERTIES = 2_000
MAX_VALUE = 4_000

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_RESOURCE = f"{{{_RDF}}}resource"
_PREFIX = re.compile(r"xmlns:([\w.-]{1,64})\s*+=\s*+[\"']?([^\"'\s>]{1,200})")
_ATTRIBUTE = re.compile(r"([\w.-]{1,64}):([\w.-]{1,64})\s*+=\s*+[\"']([^\"'<]{0,4000})[\"']")
_ELEMENT = re.compile(r"<([\w.-]{1,64}):([\w.-]{1,64})(?=[\s>])[^<>]{0,400}>([^<]{1,4000})<")


@dataclass(frozen=True, slots=True, kw_only=True)
class XmpProperty:
    """One value of a property."""

    namespace: str
    name: str
    value: str
    """Without the white space around it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class XmpPacket:
    """What a packet says."""

    properties: tuple[XmpProperty, ...] = ()
    well_formed: bool = True

    def get_all(self, namespaces: Collection[str], name: str) -> tuple[str, ...]:
        """Every value of a property in any of the namespaces, in document order."""
        return tuple(p.value for p in self.properties if p.name == name and p.namespace in namespaces)


def read_xmp(data: bytes) -> XmpPacket:
    """Read a packet, with or without the `<?xpacket?>` around it. Never raises."""
    data = data[:MAX_BYTES].strip(b"\0 \t\r\n")
    root = parse_xml(data)
    if root is None:
        return XmpPacket(properties=tuple(_scan(data.decode("utf-8", "replace"))), well_formed=False)
    return XmpPacket(properties=tuple(p for p, _ in zip(_walk(root), range(MAX_PROPERTIES), strict=False)))


def parse_xml(data: bytes) -> Element | None:
    """The root of an XML document, None where it is ill-formed or declares entities. Never raises."""
    try:
        root: Element = fromstring(data)
    except (ParseError, ValueError, LookupError, RecursionError):
        return None
    return root


def _walk(root: Element) -> Iterator[XmpProperty]:
    pending: list[tuple[Element, str]] = [(root, "")]
    while pending:
        element, owner = pending.pop()
        tag = element.tag if isinstance(element.tag, str) else ""
        name = owner if tag.startswith(f"{{{_RDF}}}") else tag
        yield from _of_attributes(element, name)
        if name and (text := (element.text or "").strip()):
            yield _property(name, text)
        pending.extend((child, name) for child in reversed(element))


def _of_attributes(element: Element, name: str) -> Iterator[XmpProperty]:
    for key, value in element.items():
        if key == _RESOURCE and name:
            yield _property(name, value)
        elif key.startswith("{") and not key.startswith(f"{{{_RDF}}}"):
            yield _property(key, value)


def _property(qualified: str, value: str) -> XmpProperty:
    namespace, _, name = qualified.lstrip("{").rpartition("}")
    return XmpProperty(namespace=namespace, name=name, value=value.strip()[:MAX_VALUE])


def _scan(text: str) -> Iterator[XmpProperty]:
    namespaces = dict(_PREFIX.findall(text))
    for pattern in (_ATTRIBUTE, _ELEMENT):
        for _, match in zip(range(MAX_PROPERTIES), pattern.finditer(text), strict=False):
            prefix, name, value = match.groups()
            if prefix in namespaces and prefix != "xmlns" and value.strip():
                yield XmpProperty(namespace=namespaces[prefix], name=name, value=value.strip())

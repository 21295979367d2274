"""Meta elements of an EPUB package document, in both of its forms.

EPUB 2 writes `<meta name="p:x" content="v"/>` (OPF 2.0.1 section 2.2), EPUB 3 writes
`<meta property="p:x">v</meta>` with prefixes declared in the package's `prefix` attribute
(EPUB 3.3 section 5.3.2). Ill-formed packages are read by a plain scan and reported as such.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass

from reservations.readers.xmp import parse_xml

MAX_BYTES = 1_000_000
MAX_METAS = 2_000
MAX_VALUE = 4_000

_PREFIXES = re.compile(r"([^\s:]{1,64}):\s*+(\S{1,200})")
_PREFIX_ATTRIBUTE = re.compile(r"\bprefix\s*+=\s*+[\"']([^\"'<>]{1,4000})[\"']")
_META = re.compile(r"<(?:[\w.-]{1,64}:)?meta(?=\s)([^<>]{0,4000})>([^<]{0,4000})")
_ATTRIBUTE = re.compile(r"\b(name|property|content)\s*+=\s*+[\"']([^\"'<]{0,4000})[\"']")


@dataclass(frozen=True, slots=True, kw_only=True)
class OpfMeta:
    """One meta element."""

    prefix: str
    """As written before the colon; empty where there is none."""
    namespace: str
    """What the prefix is declared to mean; empty where it is not declared."""
    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OpfMetadata:
    """What a package document says in meta elements."""

    metas: tuple[OpfMeta, ...] = ()
    well_formed: bool = True


def read_opf(data: bytes) -> OpfMetadata:
    """Read a package document. Never raises."""
    data = data[:MAX_BYTES].strip(b"\0 \t\r\n")
    root = parse_xml(data)
    if root is None:
        return OpfMetadata(metas=tuple(_scan(data.decode("utf-8", "replace"))), well_formed=False)
    declared = _declared(root.get("prefix", ""))
    metas: list[OpfMeta] = []
    for element in root.iter():
        if (
            isinstance(element.tag, str)
            and element.tag.rpartition("}")[2] == "meta"
            and len(metas) < MAX_METAS
        ):
            metas += _meta(element.get("name"), element.get("content"), declared)
            metas += _meta(element.get("property"), element.text, declared)
    return OpfMetadata(metas=tuple(metas))


def _declared(attribute: str) -> dict[str, str]:
    return dict(_PREFIXES.findall(attribute))


def _meta(name: str | None, value: str | None, declared: dict[str, str]) -> list[OpfMeta]:
    if not name or value is None:
        return []
    prefix, _, local = name.strip().rpartition(":")
    return [
        OpfMeta(
            prefix=prefix, namespace=declared.get(prefix, ""), name=local, value=value.strip()[:MAX_VALUE]
        )
    ]


def _scan(text: str) -> Iterator[OpfMeta]:
    attribute = _PREFIX_ATTRIBUTE.search(text)
    declared = _declared(attribute[1] if attribute else "")
    for _, match in zip(range(MAX_METAS), _META.finditer(text), strict=False):
        values = {name: html.unescape(value) for name, value in _ATTRIBUTE.findall(match[1])}
        yield from _meta(values.get("name"), values.get("content"), declared)
        yield from _meta(values.get("property"), match[2], declared)

"""What is kept of a packet or package: the properties some protocol reads, and nothing else.

An XMP packet also holds titles, descriptions, names and edit histories of a work that may have been
left out; none of that is evidence. The result is again an XMP packet or a package document, one
property a line, canonical, so that reducing it once more changes nothing. One that was ill-formed
stays ill-formed, since protocols trust it less: its closing tags are left off.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice
from typing import TypeVar
from xml.etree.ElementTree import Element, tostring  # writing only; parsing is defusedxml's
from xml.sax.saxutils import escape

from reservations.readers.opf import OpfMeta, read_opf
from reservations.readers.xmp import MAX_BYTES, MAX_PROPERTIES, XmpPacket, XmpProperty, parse_xml, read_xmp

MAX_EXTRACT = 65_536
MAX_VALUE = 1_000
"""Characters kept of a value."""
MAX_NAMESPACES = 8

T = TypeVar("T")

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_IPTC_EXT = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
_DCTERMS = "http://purl.org/dc/terms/"
_TDM_NAMES = frozenset({"reservation", "policy"})
_IPTC_NAMES = frozenset({"EmbdEncRightsExpr", "LinkedEncRightsExpr", "EncRightsExpr", "LinkedRightsExpr"})
_NAMESPACE = re.compile(r"[^\s\"'<>&]{1,120}")
_LOOK_ALIKE = re.compile(r"DMI-[A-Za-z-]{1,48}")
_SIGNS = (b"reservation", b"tdmrep", b"tdm:", b"tdm-", b"DataMining", b"DMI-", b"provenance")
"""One of these stands literally in every document with a property that is kept."""

_XMP_HEAD = f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{_RDF}"'
_XMP_END = "</rdf:RDF></x:xmpmeta>"
_OPF_HEAD = '<package xmlns="http://www.idpf.org/2007/opf"'
_OPF_END = "</metadata></package>"

_ENCODINGS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (b"<\0\0\0", "utf-32-le"),
    (b"\0\0\0<", "utf-32-be"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (b"<\0", "utf-16-le"),
    (b"\0<", "utf-16-be"),
)
"""XMP part 1, section 7.3.1: a packet may be in any of these, with or without a mark."""
_REFERENCES = {'"': "&quot;", "'": "&apos;", "\n": "&#10;", "\r": "&#13;", "\t": "&#9;"}
"""Quotes of both kinds, since a plain scan ends a value at either."""
_DECLARATION = re.compile(r"^\s*<\?xml\b[^>]{0,200}\?>")


def reduce_xmp(packets: Iterable[bytes]) -> bytes:
    """One packet with what the given ones reserve, permit or point to; empty where they say nothing."""
    read = [packet for data in packets if (packet := _relevant(as_utf8_xml(data))).properties]
    if not read:
        return b""
    well_formed = all(packet.well_formed for packet in read)
    clean = _bounded if well_formed else _disarmed
    cleaned = (replace(p, value=clean(p.value)) for packet in read for p in packet.properties)
    # The plain scan sees no empty values, so that they would be gone the second time.
    fitting = _fitting(dict.fromkeys(p for p in cleaned if well_formed or p.value))
    prefixes = _prefixes(fitting)
    properties = [p for p in fitting if p.namespace in prefixes]
    declared = "".join(f" xmlns:{p}={_attribute(ns, well_formed)}" for ns, p in prefixes.items())
    lines = (
        f'<rdf:Description rdf:about="" {prefixes[p.namespace]}:{p.name}={_attribute(p.value, well_formed)}/>'
        for p in properties
    )
    return _document(f"{_XMP_HEAD}{declared}>", lines, _XMP_END if well_formed else "")


def reduce_opf(packages: Iterable[bytes]) -> bytes:
    """One package document with the TDM metas of the given ones; empty where they have none."""
    metas: list[OpfMeta] = []
    well_formed = True
    for data in map(as_utf8_xml, packages):
        if any(sign in data for sign in _SIGNS):
            package = read_opf(data)
            kept = [replace(m, value=_bounded(m.value)) for m in package.metas if _is_tdm(m)]
            metas += kept
            well_formed &= package.well_formed or not kept
    # Packages of one book that give a prefix two meanings are read by the first.
    meanings: dict[str, str] = {}
    for meta in metas:
        if meta.namespace and (meta.prefix in meanings or len(meanings) < MAX_NAMESPACES):
            meanings.setdefault(meta.prefix, meta.namespace)
    meant = (replace(m, namespace=meanings.get(m.prefix, "")) for m in metas)
    fitting = _fitting(dict.fromkeys(m for m in meant if _is_tdm(m)))
    meanings = {m.prefix: m.namespace for m in fitting if m.namespace}
    lines = (
        f"<meta name={_attribute(f'{m.prefix}:{m.name}'.lstrip(':'))} content={_attribute(m.value)}/>"
        for m in fitting
    )
    declared = " ".join(f"{prefix}: {namespace}" for prefix, namespace in meanings.items())
    prefix = f" prefix={_attribute(declared, well_formed)}" if declared else ""
    return _document(f"{_OPF_HEAD}{prefix}><metadata>", lines, _OPF_END if well_formed else "")


def _fitting(values: Iterable[T]) -> list[T]:
    """As many as there is room for, the first ones first."""
    kept, size = [], 0
    for value in values:
        size += len(escape(str(value), _REFERENCES).encode("utf-8", "replace"))
        if size > MAX_EXTRACT // 2:
            break
        kept.append(value)
    return kept


def _document(head: str, lines: Iterable[str], end: str) -> bytes:
    """Head, lines and end; empty where there are no lines."""
    middle = "\n".join(lines)
    return "\n".join((head, middle, end)).rstrip("\n").encode("utf-8", "replace") if middle else b""


def _relevant(data: bytes) -> XmpPacket:
    """What is kept of one packet."""
    if not any(sign in data for sign in _SIGNS):
        return XmpPacket()
    root = parse_xml(data.strip(b"\0 \t\r\n"))
    packet = read_xmp(data if root is None else _pruned(root, data))
    kept = tuple(p for p in packet.properties if _is_kept(p.namespace, p.name))
    if all(p.name == "OtherConstraints" or p.name in _IPTC_NAMES for p in kept):
        return XmpPacket()  # terms without a code to go with them say nothing
    return XmpPacket(properties=kept, well_formed=packet.well_formed)


def _pruned(root: Element, data: bytes) -> bytes:
    """The document without what is never kept.

    Edit histories of thousands of entries come before what matters, and readers have a bound.
    """
    rdf = Element(f"{{{_RDF}}}RDF")
    rdf.extend(islice(_kept_elements(root), MAX_PROPERTIES))
    try:
        return tostring(rdf)
    except RecursionError:
        return data


def _kept_elements(root: Element) -> Iterator[Element]:
    pending = [root]
    while pending:
        element = pending.pop()
        attributes = {k: v for k, v in element.items() if _is_kept(*_split(k))}
        if attributes:
            yield Element(f"{{{_RDF}}}Description", attributes)
        if isinstance(element.tag, str) and _is_kept(*_split(element.tag)):
            yield element
        else:
            pending.extend(reversed(element))


def _split(qualified: str) -> tuple[str, str]:
    namespace, _, name = qualified.lstrip("{").rpartition("}")
    return namespace, name


def _is_kept(namespace: str, name: str) -> bool:
    if not _NAMESPACE.fullmatch(namespace):
        return False
    if name.removeprefix("tdm-") in _TDM_NAMES:
        return "tdmrep" in namespace
    if name == "OtherConstraints":
        return "useplus.org" in namespace
    if name == "DataMining" or _LOOK_ALIKE.fullmatch(name):
        return True  # in any namespace, so that a stray one can be noted
    known = {_IPTC_EXT: _IPTC_NAMES, _DCTERMS: frozenset({"provenance"})}
    return name in known.get(namespace, ())


def _is_tdm(meta: OpfMeta) -> bool:
    hyphened = meta.name.startswith("tdm-")
    if meta.name.removeprefix("tdm-") not in _TDM_NAMES or len(meta.prefix) > 64:
        return False
    return hyphened or meta.prefix == "tdm" or "tdmrep" in meta.namespace


def _prefixes(properties: Iterable[XmpProperty]) -> dict[str, str]:
    """A prefix of its own for each of the first namespaces, the usual one where it has one."""
    found: dict[str, str] = {}
    for namespace in islice(dict.fromkeys(p.namespace for p in properties), MAX_NAMESPACES):
        usual = {_IPTC_EXT: "Iptc4xmpExt", _DCTERMS: "dcterms"}.get(namespace)
        usual = usual or ("tdm" if "tdmrep" in namespace else "plus" if "useplus" in namespace else "n")
        taken = sum(p.startswith(usual) for p in found.values())
        found[namespace] = f"{usual}{taken or ''}"
    return found


def _bounded(value: str) -> str:
    return value.strip()[:MAX_VALUE].strip()


def _disarmed(value: str) -> str:
    """A value of an ill-formed packet without what the plain scan would take for markup."""
    value = value.replace('"', " ").replace("'", " ").replace("<", " ").replace("xmlns:", "xmlns ")
    return _bounded(value)


def _attribute(value: str, well_formed: bool = True) -> str:
    # The plain scan of ill-formed documents takes values as they stand, without decoding references.
    return f'"{escape(value, _REFERENCES) if well_formed else value}"'


def as_utf8_xml(data: bytes) -> bytes:
    """A packet or package in UTF-8, without the declaration that says otherwise."""
    data = data[:MAX_BYTES].lstrip(b" \t\r\n")
    for start, encoding in _ENCODINGS:
        if data.startswith(start):
            text = data.decode(encoding, "replace").lstrip("\ufeff")
            return _DECLARATION.sub("", text, count=1).encode("utf-8", "replace")
    return data

"""The charset a page declares in its first bytes, by its own meta element or XML declaration.

Spec: HTML Standard, "prescan a byte stream to determine its encoding",
https://html.spec.whatwg.org/#prescan-a-byte-stream-to-determine-its-encoding. A meta element in a comment
declares nothing, nor does one that names another thing by chance; the first that is known counts.
"""

from __future__ import annotations

import re

from reservations.readers.charset_labels import WIDE, web_encoding

EXAMINED = 1024
"""Bytes in which a page must declare its charset (HTML Standard section 4.2.5.4)."""

# Possessive, so that nothing is tried twice. A tag that is cut off at the end declares nothing.
_ATTRIBUTE = rb"[\s/]*+[^\s/>=]++(?:\s*+=\s*+(?:\"[^\"]*+\"|'[^']*+'|[^\s>\"']?[^\s>]*+))?+"
_NEXT = re.compile(
    rb"<!--(?:-?>|.*?-->)|<meta(?=[\s/])((?:" + _ATTRIBUTE + rb")*+)[\s/]*+>"
    rb"|</?[a-z][^\s>]*+(?:" + _ATTRIBUTE + rb")*+[\s/]*+>|<[!/?][^>]*+>",
    re.DOTALL,
)
_NAME_AND_VALUE = re.compile(rb"([^\s/>=]++)(?:\s*+=\s*+(?:\"([^\"]*+)\"|'([^']*+)'|([^\s>\"']?[^\s>]*+)))?+")
_IN_CONTENT = re.compile(rb"charset\s*+=\s*+(?:\"([^\"]*+)\"|'([^']*+)'|([^\s;\"']++))")
_XML = re.compile(rb"<\?xml\b[^>]*?\bencoding\s*+=\s*+(?:\"([^\"]*+)\"|'([^']*+)')")


def declared_encoding(body: bytes) -> str:
    """Python's name for the encoding that a page declares; empty where it declares none."""
    head = body[:EXAMINED].lower()
    if b"charset" in head:
        for tag in _NEXT.finditer(head):
            if tag[1] is not None and (name := _of_meta(tag[1])):
                return name
    xml = _XML.match(head) if head.startswith(b"<?xml") else None
    return _known(xml[1] or xml[2] or b"") if xml else ""


def _of_meta(source: bytes) -> str:
    attributes: dict[bytes, bytes] = {}
    for name, double, single, bare in _NAME_AND_VALUE.findall(source):
        attributes.setdefault(name, double or single or bare)
    if b"charset" in attributes:
        return _known(attributes[b"charset"])
    if attributes.get(b"http-equiv") != b"content-type":
        return ""
    found = _IN_CONTENT.search(attributes.get(b"content", b""))
    return _known(found[1] or found[2] or found[3] or b"") if found else ""


def _known(label: bytes) -> str:
    name = web_encoding(label.decode("latin-1"))
    # What can be read as ASCII is not in UTF-16, whatever it says of itself (prescan, step 13).
    return "utf-8" if name in WIDE else name

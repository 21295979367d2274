"""XMP in SVG: RDF inside `metadata` elements (SVG 2 section 5.10, XMP part 3, 2.6)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree.ElementTree import tostring  # writing only; parsing is defusedxml's

from reservations.readers.containers.bounds import MAX_PACKET
from reservations.readers.xmp import parse_xml

_ROOT = re.compile(rb"<(?:[\w.-]{1,32}:)?svg(?=[\s>])")


def looks_like_svg(body: bytes) -> bool:
    """Whether a text opens as SVG does, after comments and a document type."""
    return _ROOT.search(body, 0, 4096) is not None


def packets(body: bytes) -> Iterator[bytes]:
    """The metadata of an SVG; of one that is no XML, all of it, for the scan of last resort.

    Illustrator declares entities, which are refused, so that its files are read by that scan.
    """
    body = body[:MAX_PACKET]
    if b"metadata" not in body and b"\0" not in body[:64]:
        return
    root = parse_xml(body)
    if root is None:
        yield body
        return
    for element in root.iter():
        if isinstance(element.tag, str) and element.tag.rpartition("}")[2] == "metadata":
            try:
                yield tostring(element)
            except RecursionError:
                yield body

"""Sentences that reserve in the rights statements of a file's metadata; nothing else of them is taken.

`dc:rights` and `xmpRights:UsageTerms` in XMP (ISO 16684-1 sections 8.3 and 8.5), `plus:OtherConstraints`
beside a PLUS code, `dc:rights` in the package document of an EPUB. They are notices, no protocol: a
sentence in one counts as one in a page's footer does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from xml.etree.ElementTree import Element as Node  # a type only; parsing is defusedxml's

from reservations.readers.boilerplate import MAX_SENTENCES, triggers
from reservations.readers.phrases import find_reservations
from reservations.readers.xmp import parse_xml

MAX_NOTICE = 8_000
"""Characters of one statement that are searched."""
MAX_NODES = 20_000

_NAMES = frozenset({"rights", "UsageTerms", "OtherConstraints", "accessRights"})
_NAMESPACES = ("http://purl.org/dc/", "http://ns.adobe.com/xap/1.0/rights/", "http://ns.useplus.org/")
_SIGNS = (b"rights", b"UsageTerms", b"OtherConstraints")


def reserving_sentences(packets: Iterable[bytes]) -> tuple[str, ...]:
    """Sentences that reserve, at most MAX_SENTENCES; `packets` are XML in UTF-8. Never raises."""
    found: dict[str, None] = {}
    for packet in packets:
        if not any(sign in packet for sign in _SIGNS):
            continue
        lowered = packet.lower()
        root = parse_xml(packet.strip(b"\0 \t\r\n")) if any(t in lowered for t in triggers("")) else None
        for notice in _notices(root) if root is not None else ():
            for hit in find_reservations(notice):
                if find_reservations(hit.sentence.text):  # it is read the same once it stands alone
                    found[hit.sentence.text] = None
    return tuple(found)[:MAX_SENTENCES]


def _notices(root: Node) -> Iterator[str]:
    for _, node in zip(range(MAX_NODES), root.iter(), strict=False):
        yield from (value[:MAX_NOTICE] for name, value in node.items() if _is_notice(name))
        if isinstance(node.tag, str) and _is_notice(node.tag):
            # an alternative for each language, each a statement of its own
            yield from (text.strip()[:MAX_NOTICE] for text in node.itertext() if text.strip())


def _is_notice(qualified: str) -> bool:
    namespace, _, name = qualified.lstrip("{").rpartition("}")
    return name in _NAMES and namespace.startswith(_NAMESPACES)

"""RSL inside other things: items of a feed, and the metadata of images, PDFs, EPUBs and audio files.

Spec: RSL-SPEC-1.0 sections 4.7 and 4.8, https://rslstandard.org/rsl: `rsl:content` in an `item` of RSS,
and an `rsl:rsl` with one `rsl:content` in XMP, ID3, the package document of an EPUB or the text of a PNG.
What is kept is each fragment as a document of its own, reduced to what `rsl_document` reads, and where it
stood; nothing else of the feed or the file. Fragments that are no XML are kept as such, since what they
license is not known.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from hashlib import sha256
from itertools import islice
from xml.etree.ElementTree import Element as Node  # a type only; parsing is defusedxml's
from xml.sax.saxutils import escape, quoteattr

from reservations.model import Evidence, Outcome
from reservations.readers.charsets import as_utf8, encoding_of
from reservations.readers.elements import Element, decode_elements, encode_elements
from reservations.readers.rsl_document import MAX_DEPTH, MAX_TEXT
from reservations.readers.xmp import parse_xml

KIND = "rsl-embedded"
SIGN = b"rslstandard.org/rsl"
"""Stands literally in everything that has an element of RSL."""

FILE = "file"
ITEM, ENTRY, CHANNEL = "item", "entry", "channel"
"""Where a fragment stood: in a file's metadata, an RSS item, an Atom entry, or elsewhere in a feed."""
FEED_PLACES = frozenset({ITEM, ENTRY, CHANNEL})
RECEIVED = "received"
"""Tag of what stands first in the extract of a feed that was asked for: its length and its SHA-256."""

MAX_FEED = 4_000_000
"""Bytes of a feed that are read; one that goes on is no XML, and read as such."""
MAX_FRAGMENTS = 400
MAX_FRAGMENT = 65_536
"""Characters of one fragment; a longer one is kept as one that cannot be read."""
MAX_KEPT = 400_000
MAX_STEPS = 400_000
MAX_LINK = 2_048
MAX_PREFIXES = 16
"""Declarations of the namespace that are looked at in what is no XML."""

_NAMESPACE = re.compile(r"\{(https?://(?:www\.)?rslstandard\.org/rsl[\w./#-]{0,32})\}([\w.-]{1,64})")
_BOUND = re.compile(r"xmlns(?::([\w.-]{1,64}))?\s*+=\s*+[\"']?https?://(?:www\.)?rslstandard\.org/rsl")
_FEEDS = frozenset({"rss", "feed", "RDF"})
_PLACES = {"item": ITEM, "entry": ENTRY}
_SAYS_MORE = frozenset({"permits", "prohibits", "amount", "alternate"})
"""Elements whose text is read."""
_REDUCED = b'[\n{"attributes":[["bytes","'
_DECLARATION = re.compile(rb"^\s*+<\?xml\b[^>]{0,200}\?>")


def in_file(packets: Iterable[bytes]) -> tuple[Element, ...]:
    """Fragments in packets of a file's metadata. Never raises."""
    return _bounded(e for packet in packets if SIGN in packet for e in _of_packet(packet))


def in_feed(fields: Sequence[tuple[str, str]], body: bytes) -> tuple[Element, ...]:
    """Fragments in a feed; none in anything else. Never raises, and costs next to nothing without RSL."""
    start = body[:64].replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    if not start.startswith(b"<"):
        return ()
    body = body[:MAX_FEED]
    wide = b"\0" in body[:64]
    if SIGN not in body and not wide:
        return ()
    root = None if wide else parse_xml(body)
    if root is None:  # an encoding that the XML parser does not know, or no XML
        body = _DECLARATION.sub(b"", as_utf8(body, encoding_of(body, fields)), count=1)
        root = parse_xml(body) if SIGN in body else None
    if root is not None:
        return _bounded(_of_feed(root)) if _local(root) in _FEEDS else ()
    if SIGN not in body or not _opens_as_feed(body):
        return ()
    return _bounded(_broken(body.decode("utf-8", "replace"), CHANNEL))


def is_of_a_feed(extract: bytes) -> bool:
    """Whether an extract holds licences of a feed, not those of the file itself."""
    return any(element.tag in FEED_PLACES for element in decode_elements(extract))


def reduced(evidence: Evidence) -> Evidence:
    """A feed that was asked for as it is kept; anything else, and what is reduced already, as it is."""
    body = evidence.body
    asked_for = evidence.kind == KIND and evidence.outcome is Outcome.FOUND and evidence.status is not None
    if not asked_for or body.startswith(_REDUCED):
        return evidence
    received = (("bytes", str(len(body))), ("sha256", sha256(body).hexdigest()))
    fragments = in_feed(evidence.fields, body)
    first = Element(tag=RECEIVED, attributes=received)
    return replace(evidence, body=encode_elements((first, *fragments)))


def _opens_as_feed(body: bytes) -> bool:
    return re.search(rb"<(?:[\w.-]{1,64}:)?(?:rss|feed|RDF)[\s>]", body[:4096]) is not None


def _of_packet(packet: bytes) -> Iterator[Element]:
    root = parse_xml(packet.strip(b"\0 \t\r\n"))
    if root is not None:
        yield from (_fragment(FILE, "", node) for node, _, _ in _top(root))
        return
    text = packet.decode("utf-8", "replace")
    whole = re.search(r"<(?:[\w.-]{1,64}:)?rsl[\s>]", text)
    end = text.rfind("rsl>") + len("rsl>")
    root = parse_xml(text[whole.start() : end].encode("utf-8", "replace")) if whole and end > 4 else None
    if root is not None:  # a fragment with text round it, as ID3 and PNG have it
        yield from (_fragment(FILE, "", node) for node, _, _ in _top(root))
    else:
        yield from _broken(text, FILE)


def _of_feed(root: Node) -> Iterator[Element]:
    return (_fragment(place, link, node) for node, place, link in _top(root))


def _top(root: Node) -> Iterator[tuple[Node, str, str]]:
    """The outermost RSL elements in order, each with its place in a feed and the link of its item."""
    pending = [(root, CHANNEL, "")]
    for _ in range(MAX_STEPS):
        if not pending:
            return
        node, place, link = pending.pop()
        if _NAMESPACE.match(node.tag if isinstance(node.tag, str) else ""):
            yield node, place, link
            continue
        if _local(node) in _PLACES:
            place, link = _PLACES[_local(node)], _link_of(node)
        pending.extend((child, place, link) for child in reversed(node))


def _link_of(item: Node) -> str:
    """What an item is about: RSS has it as text, Atom as an attribute."""
    for child in item:
        if _local(child) == "link" and child.get("rel", "alternate") == "alternate":
            return ((child.text or "").strip() or child.get("href", "").strip())[:MAX_LINK]
    return ""


def _local(node: Node) -> str:
    return node.tag.rpartition("}")[2] if isinstance(node.tag, str) else ""


def _fragment(place: str, link: str, node: Node) -> Element:
    match = _NAMESPACE.match(node.tag)
    namespace, name = (match[1], match[2]) if match else ("", "")
    parts: list[str] = []
    fits = _write(node, namespace, parts)
    # what stands outside `rsl` becomes part of one, conformant or not, as `rsl_document` will say
    inner = "".join(parts)
    head = f"<rsl xmlns={quoteattr(namespace)}"
    text = head + inner.removeprefix("<rsl") if name == "rsl" else f"{head}>{inner}</rsl>"
    attributes = (("outermost", name), *((("link", link),) if link else ()))
    return Element(tag=place, attributes=attributes, text=text if fits and len(text) <= MAX_FRAGMENT else "")


def _write(node: Node, namespace: str, parts: list[str], depth: int = 0) -> bool:
    """Append what is read of an element; whether all of it fitted."""
    name = _local(node)
    attributes = "".join(
        f" {key}={quoteattr(value[:MAX_LINK])}" for key, value in node.items() if not key.startswith("{")
    )
    children = [c for c in node if isinstance(c.tag, str) and c.tag.startswith(f"{{{namespace}}}")]
    text = escape((node.text or "").strip()[:MAX_TEXT]) if name in _SAYS_MORE else ""
    parts.append(f"<{name}{attributes}>{text}")
    fits = depth < MAX_DEPTH and len(parts) < MAX_FRAGMENT // 8
    if fits:
        fits = all(_write(child, namespace, parts, depth + 1) for child in children)
    parts.append(f"</{name}>")
    return fits


def _broken(text: str, place: str) -> Iterator[Element]:
    """A fragment of what is no XML: only where one plainly stands there, not where a prefix is declared."""
    bound = dict.fromkeys(match[1] for match in islice(_BOUND.finditer(text), MAX_PREFIXES))
    for declared in bound:
        prefix = f"{declared}:" if declared else ""
        names = "rsl|content|license" if prefix else "rsl"
        found = re.search(rf"<{re.escape(prefix)}({names})[\s>]", text)
        if found:
            quote = "".join(c if c.isprintable() else " " for c in text[found.start() : found.start() + 200])
            yield Element(tag=place, attributes=(("outermost", found[1]),), text=quote.partition(">")[0])
            return


def _bounded(elements: Iterable[Element]) -> tuple[Element, ...]:
    """As many as an extract holds, each once; of more, that there are more, which nobody can read."""
    kept: dict[Element, None] = {}
    size = 0
    for element in elements:
        if element in kept:
            continue
        size += len(element.text) + MAX_LINK // 8
        if len(kept) >= MAX_FRAGMENTS or size > MAX_KEPT:
            return (*kept, Element(tag=element.tag, attributes=(("outermost", "more"),)))
        kept[element] = None
    return tuple(kept)

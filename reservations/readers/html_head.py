"""Signal-carrying elements of a page, and nothing else of it.

What is read here is what is stored of a page that is left out, so it holds no title, no text and no
link of the article: meta elements that a protocol reads, license links, RSL documents, what
structured data says about access, and the mark of a challenge page. `read_elements` of a page equals
`decode_elements` of what `encode_elements` made of it; a decision can be repeated from the extract.

A page without any signal is told by a look at its tags and is never parsed. Otherwise only the part
up to the last tag of interest is, by selectolax, so that comments and scripts are read as a browser
reads them; where that part might end inside a comment or a script, the whole page is. A page that
would take a parser too long is read by its tags.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

from selectolax.lexbor import LexborHTMLParser, LexborNode

from reservations.readers import challenge_markup, html_tags, wall_markup
from reservations.readers.charsets import (
    STATEFUL,
    UTF_8,
    WIDE,
    as_utf8,
    encoding_of,
    mark_of,
    needs_another_form,
)
from reservations.readers.elements import (
    CHALLENGE,
    FIRST_ELEMENT_LINE,
    LOGIN,
    PAYWALL,
    Element,
    decode_elements,
    encode_elements,
)
from reservations.readers.html_kind import looks_like_html
from reservations.readers.html_tags import RawTag
from reservations.readers.paywall_markup import FLAG, boolean_literal, json_ld_pairs

__all__ = [
    "CHALLENGE",
    "FIRST_ELEMENT_LINE",
    "Element",
    "decode_elements",
    "encode_elements",
    "looks_like_html",
    "read_elements",
]

MAX_BYTES = 16_000_000
"""Bytes of a page that are examined."""
MAX_ELEMENTS = 512
MAX_VALUE = 8_192
"""Characters of an attribute value that are kept."""
MAX_KEPT = 500_000
"""Characters of all elements together; written as escapes they still fit into an extract."""
MAX_RSL = 65_536
"""Characters of an RSL document inside a page that are kept."""

ACCESS_NAMES = frozenset({"article:content_tier"})
"""Meta names about access, which no protocol reads but `crawler.access` does."""

_KEPT = {"meta": ("name", "property", "http-equiv", "content"), "link": ("rel", "href", "type")}
_TAGS = ("meta", "link", "script")
_NAMING = ("name", "property", "http-equiv")
_FLAG_NEEDLE = FLAG.lower().encode("ascii")
_RSL = "application/rsl"
_TAG_NEEDLES = (b"license", _RSL.encode("ascii"))
_SENTINEL = '<meta name="forbear:end-of-part">'
_SENTINEL_NAME = "forbear:end-of-part"


def read_elements(
    body: bytes, *, fields: Sequence[tuple[str, str]], names: frozenset[str]
) -> tuple[Element, ...]:
    """Signal-carrying elements of a page, in the order of the page. Never raises.

    `names` are the lower-case `name`, `property` or `http-equiv` values of meta elements to keep.
    """
    body = body[:MAX_BYTES]
    if needs_another_form(body):
        encoding = encoding_of(body, fields)
        if encoding in WIDE or encoding == STATEFUL:
            return _from_another_form(body, encoding, names)
    look = _Look(body, names)
    return look.elements(fields) if look.promising else ()


def _from_another_form(body: bytes, encoding: str, names: frozenset[str]) -> tuple[Element, ...]:
    """Elements of a page in an encoding whose bytes show no tags."""
    page = as_utf8(body, encoding)
    look = _Look(page, names)
    found = look.elements(UTF_8) if look.promising else ()
    if encoding == STATEFUL:  # what a part comes to in bytes depends on what came before it
        return tuple(_at(element, None) for element in found)
    received: list[Element] = []
    before, offset = 0, mark_of(body)
    for element in found:  # in the order of their offsets
        if element.offset is not None:
            offset += len(page[before : element.offset].decode("utf-8", "replace").encode(encoding))
            before = element.offset
            element = _at(element, offset)
        received.append(element)
    return tuple(received)


class _Look:
    """One look at the bytes of a page: first whether to parse it, then what is in it."""

    __slots__ = (
        *("body", "certain", "flagged", "hidden", "lowered", "names", "password"),
        *("present", "suspect", "tags", "texts"),
    )

    def __init__(self, body: bytes, names: frozenset[str]) -> None:
        self.body = body
        self.names, needles = _wanted(names)
        self.lowered = body.lower()
        self.tags = list(html_tags.SIGNAL_TAGS.finditer(self.lowered))
        self.texts = [tag[0] for tag in self.tags]
        together = b"".join(self.texts)
        self.present = [needle for needle in needles if needle in together]
        self.present += html_tags.ESCAPED_NAME.findall(together)
        self.flagged = _FLAG_NEEDLE in self.lowered
        self.certain = challenge_markup.certain_marker(self.lowered)
        small = len(body) <= challenge_markup.MAX_PAGE
        self.suspect = challenge_markup.possible_marker(together, self.lowered) if small else None
        self.password = wall_markup.password_field(self.lowered)
        self.hidden = wall_markup.subscribers_part(self.lowered)

    @property
    def promising(self) -> bool:
        walls = (self.password, self.hidden)
        signs = self.present or self.flagged or self.certain or self.suspect
        return bool(signs) or any(at is not None for at in walls)

    def elements(self, fields: Sequence[tuple[str, str]]) -> tuple[Element, ...]:
        encoding = encoding_of(self.body, fields)
        spans = self._spans()
        places = self._places(self._raw_tags(spans, encoding))
        parsed = self._parsed(spans, encoding)
        if parsed is None:
            found = [_at(element, start) for element, start in _outside(places, self.lowered)]
        else:
            found = _aligned(parsed, places, self.lowered)
        everything = (*self._challenge(encoding), *self._walls(encoding), *found)
        return _bounded(sorted(everything, key=lambda e: (e.offset is None, e.offset or 0)))

    def _spans(self) -> dict[int, int]:
        """Where the tags of interest begin and end."""
        spans = {tag.start(): tag.end() for tag in self._of_interest()}
        if self.flagged:
            spans.update(self._flagged_tags())
        return spans

    def _raw_tags(self, spans: Mapping[int, int], encoding: str) -> list[RawTag]:
        found: list[RawTag] = []
        for start in sorted(spans)[: html_tags.MAX_TAGS]:
            if not found or start >= found[-1].stop:  # no tag begins inside a script
                found.append(html_tags.raw_tag(self.body, self.lowered, start, spans[start], encoding))
        return found

    def _of_interest(self) -> Iterator[re.Match[bytes]]:
        needles = [*self.present, b"<script"] if self.flagged else self.present
        for tag, text in zip(self.tags, self.texts, strict=True):
            for needle in needles:
                if needle in text:
                    yield tag
                    break

    def _flagged_tags(self) -> Iterable[tuple[int, int]]:
        at = self.lowered.find(_FLAG_NEEDLE)
        for _ in range(MAX_ELEMENTS):
            if at < 0:
                return
            span = html_tags.enclosing_tag(self.lowered, at)
            if span is not None:
                yield span
            at = self.lowered.find(_FLAG_NEEDLE, at + 1)

    def _places(self, raw: Iterable[RawTag]) -> list[tuple[Element, int]]:
        made = ((_element(t.name, t.attributes, t.text, self.names), t.start) for t in raw)
        return [(element, start) for element, start in made if element is not None]

    def _parsed(self, spans: Mapping[int, int], encoding: str) -> list[Element] | None:
        """Elements as a parser sees them; None where the page is not given to one."""
        if not spans and not self.flagged:
            return []
        texts = [self.lowered[start:end] for start, end in spans.items()]
        kinds = {tag for tag in _TAGS if any(b"<" + tag.encode("ascii") in text for text in texts)}
        end = self._end_of(spans, scripts="script" in kinds)
        parser = self._part(end, encoding) or self._whole(encoding)
        if parser is None:
            return None
        return [e for node in self._nodes(parser, kinds) if (e := self._element_of(node)) is not None]

    def _part(self, end: int, encoding: str) -> LexborHTMLParser | None:
        part = self.body[:end]
        if end >= len(self.body) or not html_tags.is_parsable(part):
            return None
        parser = LexborHTMLParser(part.decode(encoding, "replace") + _SENTINEL)
        metas = parser.tags("meta")
        # Without the sentinel, the part may end inside a comment or a script: read all of the page.
        return parser if metas and metas[-1].attributes.get("name") == _SENTINEL_NAME else None

    def _whole(self, encoding: str) -> LexborHTMLParser | None:
        if not html_tags.is_parsable(self.body):
            return None
        return LexborHTMLParser(self.body.decode(encoding, "replace"))

    def _end_of(self, spans: Mapping[int, int], *, scripts: bool) -> int:
        end = max(spans.values(), default=0) + 1
        flag = self.lowered.rfind(_FLAG_NEEDLE) if self.flagged else -1
        if flag >= 0 or scripts:
            close = self.lowered.find(b"</script>", max(end, flag))
            return len(self.body) if close < 0 else close + len(b"</script>")
        return end

    def _nodes(self, parser: LexborHTMLParser, kinds: set[str]) -> Iterator[LexborNode]:
        for tag in _TAGS:
            if tag in kinds:
                yield from parser.tags(tag)
        if self.flagged:
            yield from (n for n in parser.css("[itemprop]") if n.tag not in _TAGS)

    def _element_of(self, node: LexborNode) -> Element | None:
        tag = node.tag or ""
        attributes = node.attributes
        if tag == "meta" and not self.flagged and not _is_named(attributes, self.names):
            return None  # most meta elements, quickly
        text = node.text() if tag == "script" or "itemprop" in attributes else ""
        return _element(tag, {name: value or "" for name, value in attributes.items()}, text, self.names)

    def _challenge(self, encoding: str) -> tuple[Element, ...]:
        if self.certain:
            marker, offset = self.certain
            return (Element(tag=CHALLENGE, attributes=(("marker", marker),), offset=offset),)
        if self.suspect and challenge_markup.is_interstitial(
            self.body.decode(encoding, "replace"), self.suspect
        ):
            offset = self.lowered.find(self.suspect.encode("ascii"))
            return (Element(tag=CHALLENGE, attributes=(("marker", self.suspect),), offset=offset),)
        return ()

    def _walls(self, encoding: str) -> Iterator[Element]:
        if self.hidden is not None:
            marker = "subscriptions-section=content"
            yield Element(tag=PAYWALL, attributes=(("marker", marker),), offset=self.hidden)
        if self.password is not None and wall_markup.is_login_page(self.body.decode(encoding, "replace")):
            yield Element(tag=LOGIN, attributes=(("marker", "password field"),), offset=self.password)


@lru_cache(maxsize=64)
def _wanted(names: frozenset[str]) -> tuple[frozenset[str], tuple[bytes, ...]]:
    """All meta names to keep, and what a tag that may carry a signal holds in lower-cased bytes."""
    everything = names | ACCESS_NAMES
    needles = {*(name.encode("utf-8", "replace") for name in everything if name), *_TAG_NEEDLES}
    shortest = (n for n in needles if not any(other in n for other in needles if other != n))
    return everything, tuple(sorted(shortest))


def _element(tag: str, attributes: Mapping[str, str], text: str, names: frozenset[str]) -> Element | None:
    if FLAG.lower() in attributes.get("itemprop", "").lower().split():
        said = next(filter(None, map(boolean_literal, _boolean_sources(attributes, text))), "")
        return Element(tag=tag, attributes=(("itemprop", FLAG), ("content", said))) if said else None
    match tag:
        case "meta" if _is_named(attributes, names):
            return Element(tag=tag, attributes=_kept(tag, attributes))
        case "link" if "license" in attributes.get("rel", "").lower().split():
            return Element(tag=tag, attributes=_kept(tag, attributes))
        case "script":
            return _script(attributes.get("type", "").strip().lower(), text)
        case _:
            return None


def _is_named(attributes: Mapping[str, str | None], names: frozenset[str]) -> bool:
    for naming in _NAMING:
        value = attributes.get(naming)
        if value and value.strip().lower() in names:
            return True
    return False


def _script(kind: str, text: str) -> Element | None:
    if kind.startswith("application/ld+json") and FLAG.lower() in text.lower():
        pairs = json_ld_pairs(text)
        return Element(tag="script", attributes=(("type", "application/ld+json"), *pairs)) if pairs else None
    if kind.startswith(_RSL):
        return Element(tag="script", attributes=(("type", kind[:MAX_VALUE]),), text=text[:MAX_RSL])
    return None


def _boolean_sources(attributes: Mapping[str, str], text: str) -> tuple[str, str, str]:
    return attributes.get("content", ""), attributes.get("href", ""), text[:64]


def _kept(tag: str, attributes: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple((n, attributes[n][:MAX_VALUE]) for n in _KEPT[tag] if n in attributes)


def _bounded(elements: Sequence[Element]) -> tuple[Element, ...]:
    """As many of the first elements as an extract can hold."""
    left = MAX_KEPT
    for count, element in enumerate(elements[:MAX_ELEMENTS]):
        left -= len(element.text) + sum(len(name) + len(value) for name, value in element.attributes)
        if left < 0:
            return tuple(elements[:count])
    return tuple(elements[:MAX_ELEMENTS])


def _outside(places: Sequence[tuple[Element, int]], lowered: bytes) -> list[tuple[Element, int]]:
    outside = set(html_tags.outside_opaque(lowered, [start for _, start in places]))
    return [place for place in places if place[1] in outside]


def _aligned(
    elements: Sequence[Element], places: Sequence[tuple[Element, int]], lowered: bytes
) -> list[Element]:
    """Give each element its offset where tags and elements of the same content are as many."""
    if [element for element, _ in places] == elements:
        return [_at(element, start) for element, start in places]
    wanted = Counter(elements)
    if Counter(element for element, _ in places) != wanted:
        places = _outside(places, lowered)
    offsets: dict[Element, list[int]] = {}
    for element, start in places:
        offsets.setdefault(element, []).append(start)
    known = {e: iter(starts) for e, starts in offsets.items() if len(starts) == wanted[e]}
    return [_at(e, next(known[e])) if e in known else e for e in elements]


def _at(element: Element, offset: int | None) -> Element:
    return Element(tag=element.tag, attributes=element.attributes, text=element.text, offset=offset)

"""RSL documents: bytes of XML to frozen terms, each with its place.

Spec: RSL-SPEC-1.0 section 3, https://rslstandard.org/rsl. A document that is not conformant can only
reserve: an unknown element in the RSL namespace, a `content` without `license` or a second `permits`
of the same type makes it none at all by section 3, and section 4.3 then takes the asset for
unlicensed. Document type declarations and entities are refused (section 8).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256
from xml.etree.ElementTree import ParseError  # the exception only; parsing is defusedxml's

from defusedxml.ElementTree import DefusedXMLParser  # type: ignore[import-untyped]

from reservations.readers.path_pattern import PathPattern
from reservations.readers.robots_rules import PatternIndex
from reservations.readers.rsl_scope import Scope, scope_of

NAMESPACE = "https://rslstandard.org/rsl"
MEDIA_TYPE = "application/rsl+xml"

MAX_BYTES = 1_048_576
MAX_DEPTH = 24
MAX_ELEMENTS = 20_000
MAX_TEXT = 2_000
"""Characters of one element's text that are looked at."""
MAX_PROBLEMS = 20

DEFAULT_MAX_AGE = 30
"""Days a document and the pointer to it may be used without asking again (section 3.2)."""

_DAY = 86_400
_MAX_DAYS = 3_650

CHILDREN: Mapping[str, frozenset[str]] = {
    "rsl": frozenset({"content"}),
    "content": frozenset({"license", "schema", "alternate", "copyright", "terms"}),
    "license": frozenset({"permits", "prohibits", "payment", "reporting", "legal"}),
    "payment": frozenset({"standard", "custom", "amount", "accepts"}),
}
"""Every element of the RSL namespace, by its parent (section 3, Relax NG schema of appendix A)."""


class ProblemKind(StrEnum):
    """What keeps a document from being one that is conformant, or readable."""

    NOT_XML = "not_xml"
    DOCTYPE = "doctype"
    TOO_LARGE = "too_large"
    NOT_RSL = "not_rsl"
    NAMESPACE = "namespace"
    UNKNOWN_ELEMENT = "unknown_element"
    NO_LICENSE = "no_license"
    REPEATED = "repeated"
    NO_URL = "no_url"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where something stands in a document."""

    line: int = 1
    offset: int = 0
    quote: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong, and where."""

    kind: ProblemKind
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """One `permits` or `prohibits` (sections 3.5 and 3.6)."""

    type: str
    """`usage`, `user` or `geo`, in lower case."""
    tokens: frozenset[str]
    """In lower case; tokens of other vocabularies, `prefix:name`, are left out (section 3.4.1)."""
    commas: bool
    """Whether commas stand between them, as in the 0.9 draft."""
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class License:
    """One set of terms (section 3.4)."""

    permits: tuple[Clause, ...] = ()
    prohibits: tuple[Clause, ...] = ()
    price: Place | None = None
    """The `payment` that is not free (section 3.7)."""
    reporting: Place | None = None
    """The `reporting` asked for (section 3.12)."""
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """Terms for what a URL pattern matches (section 3.3)."""

    scope: Scope
    licenses: tuple[License, ...]
    gated: bool
    """Whether a licence token or a key is needed first: `server`, `encrypted` (sections 3.3 and 7)."""
    place: Place

    @property
    def pattern(self) -> PathPattern:
        """What it is about, for the index."""
        return self.scope.pattern


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RslDocument:
    """A document, read. Compared by identity: the same bytes are read once."""

    sha256: str
    """Digest of the bytes read, as `Evidence.sha256` gives it."""
    contents: tuple[Content, ...] = ()
    problems: tuple[Problem, ...] = ()
    max_age_days: int = DEFAULT_MAX_AGE
    index: PatternIndex[Content] | None = None
    """The contents by what their patterns begin with; a document may name thousands.

    An `alternate` is one more URL under the terms of its `content` (section 3.14).
    """

    @property
    def conformant(self) -> bool:
        """Whether permissions can be taken from it."""
        return not self.problems


def max_age(document: RslDocument) -> int:
    """Seconds for which a document, and what pointed to it, may be used (section 3.2)."""
    return document.max_age_days * _DAY


@lru_cache(maxsize=1024)
def read_rsl(body: bytes) -> RslDocument:
    """Read a document; once, however many URLs ask. Never raises, and takes linear time."""
    if len(body) > MAX_BYTES:
        return _broken(ProblemKind.TOO_LARGE, body)
    builder = _Builder(body)
    parser = DefusedXMLParser(target=builder, forbid_dtd=True)
    builder.parser = parser
    try:
        parser.feed(body)
        parser.close()
    except _BoundsError:
        return _broken(ProblemKind.TOO_LARGE, body)
    except ParseError:
        return _broken(ProblemKind.NOT_XML, body)
    except (ValueError, LookupError):  # what defusedxml refuses; an encoding that nobody knows
        return _broken(ProblemKind.DOCTYPE if b"<!DOCTYPE" in body else ProblemKind.NOT_XML, body)
    return builder.document()


def _broken(kind: ProblemKind, body: bytes) -> RslDocument:
    start = body[:200].decode("utf-8", "replace").strip()
    return RslDocument(
        sha256=sha256(body).hexdigest(), problems=(Problem(kind=kind, place=Place(quote=start)),)
    )


class _BoundsError(Exception):
    """The document is deeper or longer than we read."""


@dataclass(slots=True, kw_only=True)
class _Node:
    name: str
    """Local name of an RSL element; empty for one of another namespace."""
    attributes: Mapping[str, str]
    start: int
    line: int
    text: list[str] = field(default_factory=list)
    children: list[_Node] = field(default_factory=list)
    place: Place = field(default_factory=Place)

    def get(self, name: str) -> str:
        return self.attributes.get(name, "").strip()

    def named(self, name: str) -> list[_Node]:
        return [c for c in self.children if c.name == name]

    def said(self) -> str:
        return "".join(self.text)[:MAX_TEXT].strip()


class _Builder:
    """Target of the parser: bounds the document and keeps what the RSL namespace says."""

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.parser: DefusedXMLParser = None
        self.stack: list[_Node] = []
        self.root: _Node | None = None
        self.count = 0
        self.problems: list[Problem] = []
        self.namespace = NAMESPACE

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        self.count += 1
        if self.count > MAX_ELEMENTS or len(self.stack) >= MAX_DEPTH:
            raise _BoundsError
        namespace, _, local = tag.rpartition("}")
        if self.root is None:
            # A wrong namespace is kept to, so that what such a document prohibits can be honoured.
            self.namespace = namespace.lstrip("{")
        ours = namespace.lstrip("{") == self.namespace
        expat = self.parser.parser
        node = _Node(name=local if ours else "", attributes=attributes,
                     start=expat.CurrentByteIndex, line=expat.CurrentLineNumber)  # fmt: skip
        if self.stack:
            self.stack[-1].children.append(node)
        else:
            self.root = node
        self.stack.append(node)

    def end(self, tag: str) -> None:
        node = self.stack.pop()
        # an end tag begins here; of an element that closes itself, expat names the byte behind it
        here = self.parser.parser.CurrentByteIndex
        closes_itself = not node.children and not node.text and self.body[here - 2 : here] == b"/>"
        end = here if closes_itself else self.body.find(b">", here) + 1
        raw = self.body[node.start : min(end, node.start + 4 * MAX_TEXT)]
        quote = " ".join(raw.decode("utf-8", "replace").replace("\0", "").split())
        node.place = Place(line=node.line, offset=node.start, quote=quote)

    def data(self, text: str) -> None:
        if self.stack and len(self.stack[-1].text) < MAX_TEXT:
            self.stack[-1].text.append(text[:MAX_TEXT])

    def close(self) -> None:
        """Nothing is left to do: `document` builds the value."""

    # ---- from nodes to values

    def document(self) -> RslDocument:
        root = self.root
        if root is None or root.name != "rsl":
            return _broken(ProblemKind.NOT_RSL, self.body)
        if self.namespace != NAMESPACE:
            self.wrong(ProblemKind.NAMESPACE, root)
        self.check_children(root)
        contents = tuple(map(self.content, root.named("content")))
        alternates = (
            replace(content, scope=scope_of(other.said()))
            for node, content in zip(root.named("content"), contents, strict=True)
            for other in node.named("alternate")
            if other.said()
        )
        if not contents:
            self.wrong(ProblemKind.NO_LICENSE, root)
        days = root.get("max-age")
        return RslDocument(
            sha256=sha256(self.body).hexdigest(),
            contents=contents,
            index=PatternIndex((*contents, *alternates), lambda c: (c.pattern.length, False)),
            problems=tuple(self.problems[:MAX_PROBLEMS]),
            max_age_days=min(int(days), _MAX_DAYS) if _is_number(days) else DEFAULT_MAX_AGE,
        )

    def wrong(self, kind: ProblemKind, node: _Node) -> None:
        self.problems.append(Problem(kind=kind, place=node.place))

    def check_children(self, node: _Node) -> None:
        """Note what an element may not hold; those below that hold nothing are looked at with it."""
        allowed = CHILDREN.get(node.name, frozenset())
        for child in node.children:
            if child.name and child.name not in allowed:
                self.wrong(ProblemKind.UNKNOWN_ELEMENT, child)
            elif child.name and child.name not in CHILDREN:
                self.check_children(child)

    def content(self, node: _Node) -> Content:
        self.check_children(node)
        licenses = tuple(map(self.license, node.named("license")))
        if not licenses:
            self.wrong(ProblemKind.NO_LICENSE, node)
        if "url" not in node.attributes:
            self.wrong(ProblemKind.NO_URL, node)
        gated = bool(node.get("server")) or node.get("encrypted").lower() not in ("", "false")
        return Content(scope=scope_of(node.get("url")), licenses=licenses, gated=gated, place=node.place)

    def license(self, node: _Node) -> License:
        self.check_children(node)
        payments = node.named("payment")
        for payment in payments:
            self.check_children(payment)
        for name in ("permits", "prohibits"):
            types = [c.get("type").lower() for c in node.named(name)]
            if len(set(types)) < len(types):
                self.wrong(ProblemKind.REPEATED, node)
        if len(payments) > 1:
            self.wrong(ProblemKind.REPEATED, node)
        return License(
            permits=tuple(_clause(c, commas=False) for c in node.named("permits")),
            prohibits=tuple(_clause(c, commas=True) for c in node.named("prohibits")),
            price=next((p.place for p in payments if not _is_free(p)), None),
            reporting=next((r.place for r in node.named("reporting")), None),
            place=node.place,
        )


def _clause(node: _Node, *, commas: bool) -> Clause:
    """A clause; the commas of 0.9 separate what is prohibited, never what is permitted."""
    said = node.said().lower()
    tokens = (said.replace(",", " ") if commas else said).split()
    return Clause(
        type=node.get("type").lower() or "usage",
        tokens=frozenset(t for t in tokens if ":" not in t),
        commas="," in said,
        place=node.place,
    )


def _is_free(payment: _Node) -> bool:
    """No type is free by section 3.7, but not where a price or the publisher's own process is named."""
    if payment.get("type").lower() not in ("", "free"):
        return False
    if payment.named("custom") or payment.named("accepts"):
        return False
    if not payment.get("type") and payment.named("standard"):
        return False
    return all(not amount.said().strip("0.,") for amount in payment.named("amount"))


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and 0 < len(text) < 9 and int(text) > 0

"""Where a URL's evidence points to RSL documents.

Spec: RSL-SPEC-1.0 section 4, https://rslstandard.org/rsl. `License` lines of robots.txt (4.4), the
`Link` header (4.5), `link` and `script` elements of HTML (4.6), items of feeds (4.7) and metadata of files
(4.8). What is invalid by the letter, a relative address or a line in another bot's group, is read failing
closed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from reservations.model import HTML_SIGNALS, ROBOTS_TXT, Agent, Evidence, Locator, quoted
from reservations.origins import origin_of
from reservations.readers import rsl_embedded
from reservations.readers.elements import FIRST_ELEMENT_LINE, Element, decode_elements
from reservations.readers.link_fields import read_links
from reservations.readers.robots_groups import records_of, select
from reservations.readers.robots_lines import Record
from reservations.readers.robots_txt import Grouping, RobotsFile
from reservations.readers.rsl_document import MEDIA_TYPE, read_rsl
from reservations.readers.rsl_scope import Reach, target_of

if TYPE_CHECKING:
    from reservations.facts import Facts

KEY = "license"
MAX_POINTERS = 8
"""Documents that are asked for about one URL; more than these count as a document we cannot read."""

MAX_ADDRESS = 2_048
_LENIENT_TYPE = "application/rsl"
_WEB = ("http://", "https://")


class Flaw(StrEnum):
    """What is wrong with a licence inside a feed or a file, for the notes to its owner."""

    MISPLACED = "misplaced"
    """It stands outside the items of an RSS feed."""
    ELSEWHERE = "elsewhere"
    """Its `url` is not on the feed's own origin."""
    FORM = "form"
    """It has no wrapper, more than one `content`, or no canonical `url`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pointer:
    """One pointer to a document, or the document itself where it stands inside a page."""

    url: str
    """Without fragment; empty for a document inside the page."""
    carrier: str
    """file, header, meta, feed or asset."""
    proper: bool
    """Whether it points by the letter."""
    locator: Locator
    stranger: bool = False
    """Whether it stands in another bot's group."""
    document: bytes = b""
    reach: Reach = Reach.PLACED
    flaw: Flaw | None = None

    @property
    def page(self) -> bool:
        """Whether it is about one page, which is more specific than a site (section 4.9)."""
        return self.carrier != "file"


def pointers(facts: Facts) -> tuple[Pointer, ...]:
    """Every pointer, those of robots.txt first; one for each address and carrier."""
    return _once((*_robots(facts), *_link_header(facts), *_elements(facts), *_embedded(facts)))


def _once(found: Iterable[Pointer]) -> tuple[Pointer, ...]:
    first: dict[tuple[str, str, bytes, Reach], Pointer] = {}
    for pointer in found:
        key = (pointer.url, pointer.carrier, pointer.document, pointer.reach)
        if key not in first or (pointer.proper and not first[key].proper):
            first[key] = pointer
    return tuple(first.values())


def _address(base: str, written: str) -> tuple[str, bool]:
    """The absolute address, empty where there is none, and whether it was written as one."""
    bare = written.strip().strip("<>\"'")[:MAX_ADDRESS]
    if not bare:
        return "", False
    try:
        absolute = urljoin(base, bare).partition("#")[0]
    except ValueError:
        return "", False
    proper = written.strip().lower().startswith(_WEB)
    return (absolute, proper) if absolute.lower().startswith(_WEB) else ("", False)


# ---- robots.txt


def _robots(facts: Facts) -> tuple[Pointer, ...]:
    file, evidence = facts.robots, facts.location(ROBOTS_TXT)
    if file is None or evidence is None or KEY not in file.keys:
        return ()
    return _robots_pointers(file, facts.agent, evidence.url)


@lru_cache(maxsize=4096)
def _robots_pointers(file: RobotsFile, agent: Agent, base: str) -> tuple[Pointer, ...]:
    letter = set(_for_us(file.letter, agent.token))
    found = [*_lenient(file.lenient, agent)]
    pointers = [_from_record(r, base, file, proper=r in letter) for r in (*letter - set(found), *found)]
    if not any(p.url for p in pointers):
        every = records_of(file.lenient.groups, KEY)
        pointers = [_from_record(r, base, file, proper=False, stranger=True) for r in every]
    pointers = sorted((p for p in pointers if p.url), key=lambda p: (p.locator.line or 0, p.url))
    return _once(pointers)[: MAX_POINTERS + 1]  # one more shows that there are too many


def _for_us(grouping: Grouping, token: str) -> tuple[Record, ...]:
    """Section 4.4.2: the lines of the group that binds us hide those outside any group."""
    grouped = tuple(records_of(select(grouping, token).speaking, KEY))
    return grouped or tuple(r for r in grouping.outside if r.key == KEY)


def _lenient(grouping: Grouping, agent: Agent) -> Iterator[Record]:
    """As the letter, but what the group with our name leaves unsaid is looked up in `*` as well."""
    chosen = select(grouping, agent.token)
    own, star = tuple(records_of(chosen.own, KEY)), tuple(records_of(chosen.star, KEY))
    outside = tuple(r for r in grouping.outside if r.key == KEY)
    silent = bool(chosen.own) and not own
    said = own or ((*outside, *star) if silent else star or outside)
    aliases = (g for alias in agent.aliases for g in select(grouping, alias).own)
    yield from dict.fromkeys((*said, *records_of(aliases, KEY)))


def _from_record(
    record: Record, base: str, file: RobotsFile, *, proper: bool, stranger: bool = False
) -> Pointer:
    url, absolute = _address(base, record.value) if _is_address(record.value) else ("", False)
    locator = Locator(evidence=file.sha256, line=record.line, quote=quoted(record.text))
    return Pointer(url=url, carrier="file", proper=proper and absolute, locator=locator, stranger=stranger)


def _is_address(written: str) -> bool:
    """Whether a value is meant as an address: `MIT` and `All rights reserved` are names of terms."""
    bare = written.strip().strip("<>\"'").partition("#")[0].partition("?")[0]
    return not any(map(str.isspace, bare)) and ("/" in bare or bare.lower().endswith((".xml", ".rsl")))


# ---- header and page


def _link_header(facts: Facts) -> Iterator[Pointer]:
    answer = facts.response
    if answer is None or "link" not in facts.fields:
        return
    digest = answer.sha256
    for line in facts.fields.get_all("link"):
        if _LENIENT_TYPE not in line.value.lower():
            continue
        locator = Locator(evidence=digest, line=line.line, quote=quoted(line.quote))
        for link in read_links(line.value):
            if "license" in link.relations and link.media_type.startswith(_LENIENT_TYPE) and not link.anchor:
                url, absolute = _address(answer.url, link.target)
                proper = absolute and link.media_type.partition(";")[0].strip() == MEDIA_TYPE
                if url:
                    yield Pointer(url=url, carrier="header", proper=proper, locator=locator)


def _elements(facts: Facts) -> Iterator[Pointer]:
    extract = facts.own(HTML_SIGNALS)
    if extract is None:
        return
    digest = extract.sha256
    for line, element in enumerate(facts.elements, start=FIRST_ELEMENT_LINE):
        media_type = (element.get("type") or "").strip().lower()
        if element.tag not in ("link", "script") or not media_type.startswith(_LENIENT_TYPE):
            continue
        locator = Locator(evidence=digest, line=line, offset=element.offset, quote=quoted(element.quote))
        proper = media_type.partition(";")[0].strip() == MEDIA_TYPE
        if element.tag == "script":
            document = element.text.strip().encode("utf-8", "replace")
            yield Pointer(url="", carrier="meta", proper=proper, locator=locator, document=document)
            continue
        url, absolute = _address(extract.url, element.get("href") or "")
        if url:
            yield Pointer(url=url, carrier="meta", proper=proper and absolute, locator=locator)


# ---- feeds and files


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Fragment:
    """A licence inside a feed or a file."""

    line: int
    element: Element
    document: bytes
    link: str
    """What its item is about; empty outside an item, and for a file."""

    def may_concern(self, facts: Facts) -> bool:
        """Whether the licence of a feed may say something about a page of its origin; a cheap look."""
        if self.link == facts.page:
            return True
        index = read_rsl(self.document).index
        return index is not None and bool(index.matching(target_of(facts.url).path))


def _embedded(facts: Facts) -> Iterator[Pointer]:
    """Licences inside the URL's own answer, and those that a feed of its origin has for its items."""
    own = facts.own(rsl_embedded.KIND)
    for evidence in facts.all(rsl_embedded.KIND):
        if evidence is own or origin_of(evidence.url) == facts.origin:
            digest = evidence.sha256
            for fragment in _fragments(evidence.body, evidence.url):
                of_a_file = fragment.element.tag == rsl_embedded.FILE
                if evidence is not own and (of_a_file or not fragment.may_concern(facts)):
                    continue
                quote = quoted(fragment.element.text)
                locator = Locator(evidence=digest, line=fragment.line, quote=quote)
                yield (
                    _in_file(fragment, locator) if of_a_file else _in_feed(fragment, evidence, locator, facts)
                )


@lru_cache(maxsize=64)
def _fragments(extract: bytes, url: str) -> tuple[_Fragment, ...]:
    """What an extract holds; a feed is asked about every page of its origin."""
    elements = islice(decode_elements(extract), rsl_embedded.MAX_FRAGMENTS + 2)
    return tuple(
        _Fragment(
            line=line,
            element=element,
            document=element.text.encode("utf-8", "replace"),
            link=_address(url, element.get("link") or "")[0],
        )
        for line, element in enumerate(elements, start=FIRST_ELEMENT_LINE)
        if element.tag != rsl_embedded.RECEIVED
    )


def _in_file(fragment: _Fragment, locator: Locator) -> Pointer:
    contents = read_rsl(fragment.document).contents
    scope = contents[0].scope if len(contents) == 1 else None
    canonical = (
        scope is not None and bool(scope.origin) and not scope.text.endswith("$") and "*" not in scope.text
    )
    formed = fragment.element.get("outermost") == "rsl" and canonical
    return Pointer(
        url="",
        carrier="asset",
        proper=formed,
        locator=locator,
        document=fragment.document,
        reach=Reach.HOLDER,
        flaw=None if formed else Flaw.FORM,
    )


def _in_feed(fragment: _Fragment, evidence: Evidence, locator: Locator, facts: Facts) -> Pointer:
    """Section 4.7: `content` in an `item` of RSS, about a URL on the feed's own origin."""
    element, document, link = fragment.element, fragment.document, fragment.link
    own = evidence.url.partition("#")[0] == facts.page
    origin = origin_of(evidence.url)
    elsewhere = any(c.scope.origin not in ("", origin) for c in read_rsl(document).contents)
    placed = element.tag == rsl_embedded.ITEM and element.get("outermost") == "content"
    flaw = Flaw.ELSEWHERE if elsewhere else None
    return Pointer(
        url="",
        carrier="feed",
        proper=placed and not elsewhere,
        locator=locator,
        document=document,
        reach=Reach.FEED if own else Reach.PLACED if link == facts.page else Reach.NAMED,
        flaw=flaw if placed else Flaw.MISPLACED,
    )

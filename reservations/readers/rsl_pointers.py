"""Where a URL's evidence points to RSL documents.

Spec: RSL-SPEC-1.0 section 4, https://rslstandard.org/rsl. `License` lines of robots.txt (4.4), the
`Link` header (4.5), `link` and `script` elements of HTML (4.6). What is invalid by the letter, a
relative address or a line in another bot's group, is read failing closed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from reservations.model import HTML_SIGNALS, ROBOTS_TXT, Agent, Locator, quoted
from reservations.readers.html_head import FIRST_ELEMENT_LINE
from reservations.readers.link_fields import read_links
from reservations.readers.robots_groups import records_of, select
from reservations.readers.robots_lines import Record
from reservations.readers.robots_txt import Grouping, RobotsFile
from reservations.readers.rsl_document import MEDIA_TYPE

if TYPE_CHECKING:
    from reservations.facts import Facts

KEY = "license"
MAX_POINTERS = 8
"""Documents that are asked for about one URL; more than these count as a document we cannot read."""

MAX_ADDRESS = 2_048
_LENIENT_TYPE = "application/rsl"
_WEB = ("http://", "https://")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pointer:
    """One pointer to a document, or the document itself where it stands inside a page."""

    url: str
    """Without fragment; empty for a document inside the page."""
    carrier: str
    """file, header or meta."""
    proper: bool
    """Whether it points by the letter."""
    locator: Locator
    stranger: bool = False
    """Whether it stands in another bot's group."""
    document: bytes = b""

    @property
    def page(self) -> bool:
        """Whether it is about one page, which is more specific than a site (section 4.9)."""
        return self.carrier != "file"


def pointers(facts: Facts) -> tuple[Pointer, ...]:
    """Every pointer, those of robots.txt first; one for each address and carrier."""
    return _once((*_robots(facts), *_link_header(facts), *_elements(facts)))


def _once(found: Iterable[Pointer]) -> tuple[Pointer, ...]:
    first: dict[tuple[str, str, bytes], Pointer] = {}
    for pointer in found:
        key = (pointer.url, pointer.carrier, pointer.document)
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
    url, absolute = _address(base, record.value)
    locator = Locator(evidence=file.sha256, line=record.line, quote=quoted(record.text))
    return Pointer(url=url, carrier="file", proper=proper and absolute, locator=locator, stranger=stranger)


# ---- header and page


def _link_header(facts: Facts) -> Iterator[Pointer]:
    answer = facts.response
    if answer is None or "link" not in facts.fields:
        return
    for line in facts.fields.get_all("link"):
        if _LENIENT_TYPE not in line.value.lower():
            continue
        locator = Locator(evidence=answer.sha256, line=line.line, quote=quoted(line.quote))
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
    for line, element in enumerate(facts.elements, start=FIRST_ELEMENT_LINE):
        media_type = (element.get("type") or "").strip().lower()
        if element.tag not in ("link", "script") or not media_type.startswith(_LENIENT_TYPE):
            continue
        locator = Locator(
            evidence=extract.sha256, line=line, offset=element.offset, quote=quoted(element.quote)
        )
        proper = media_type.partition(";")[0].strip() == MEDIA_TYPE
        if element.tag == "script":
            document = element.text.strip().encode("utf-8", "replace")
            yield Pointer(url="", carrier="meta", proper=proper, locator=locator, document=document)
            continue
        url, absolute = _address(extract.url, element.get("href") or "")
        if url:
            yield Pointer(url=url, carrier="meta", proper=proper and absolute, locator=locator)

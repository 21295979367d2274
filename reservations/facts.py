"""The evidence about one URL, each container parsed at most once, as protocols see it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import TypeVar, cast

from reservations.model import HTML_SIGNALS, RESPONSE, ROBOTS_TXT, Agent, Evidence, Outcome
from reservations.origins import origin_of
from reservations.readers.html_head import Element, decode_elements
from reservations.readers.http_fields import HttpFields, fields_of
from reservations.readers.robots_txt import RobotsFile, read_robots_txt

T = TypeVar("T")
_LARGE = 500_000
_robots_files = lru_cache(maxsize=512)(read_robots_txt)
_large_robots_files = lru_cache(maxsize=8)(read_robots_txt)
"""A file is read once per origin, not once per URL; bytes hash once and compare by identity. The few
large ones are remembered apart, so that hostile files cannot fill the memory."""


class Facts:
    """What is known about `url` for `agent`. Built per reading, used by every protocol.

    Location files count only when they were asked for at the URL's own origin; anything else only
    when it belongs to the URL itself.
    """

    __slots__ = (
        *("_by_kind", "_elements", "_fields", "_once", "_own", "_page"),
        *("agent", "evidence", "origin", "url"),
    )

    def __init__(self, *, url: str, evidence: Iterable[Evidence], agent: Agent) -> None:
        self.url = url
        self.agent = agent
        self.origin = origin_of(url)
        self.evidence = tuple(evidence)
        self._page = url.partition("#")[0]
        self._by_kind: dict[str, list[Evidence]] = {}
        for item in self.evidence:
            self._by_kind.setdefault(item.kind, []).append(item)
        self._own: dict[str, Evidence | None] = {}
        self._fields: HttpFields | None = None
        self._elements: tuple[Element, ...] | None = None
        self._once: dict[Callable[[Facts], object], object] = {}

    @property
    def page(self) -> str:
        """The URL without its fragment."""
        return self._page

    @property
    def kinds(self) -> Iterable[str]:
        """The kinds of evidence there are."""
        return self._by_kind.keys()

    def location(self, kind: str) -> Evidence | None:
        """The location file of this kind at the URL's origin, if it was asked for."""
        for item in self._by_kind.get(kind, ()):
            if origin_of(item.url) == self.origin:
                return item
        return None

    def all(self, kind: str) -> tuple[Evidence, ...]:
        """Every piece of evidence of a kind, wherever it came from."""
        return tuple(self._by_kind.get(kind, ()))

    def own(self, kind: str) -> Evidence | None:
        """Evidence of this kind about the URL itself."""
        if kind not in self._by_kind:
            return None
        if kind not in self._own:
            own = (e for e in self._by_kind[kind] if e.url.partition("#")[0] == self._page)
            self._own[kind] = next(own, None)
        return self._own[kind]

    def once(self, function: Callable[[Facts], T]) -> T:
        """What a pure function says about these facts, asked once however many want to know."""
        if function not in self._once:
            self._once[function] = function(self)
        return cast(T, self._once[function])

    @property
    def response(self) -> Evidence | None:
        """Status and header lines of the URL's own answer."""
        return self.own(RESPONSE)

    @property
    def fields(self) -> HttpFields:
        """Header lines of the URL's own answer; empty where there was none."""
        if self._fields is None:
            answer = self.response
            self._fields = fields_of(answer.fields if answer else ())
        return self._fields

    @property
    def elements(self) -> tuple[Element, ...]:
        """Signal-carrying elements of the URL's own HTML."""
        if self._elements is None:
            extract = self.own(HTML_SIGNALS)
            self._elements = decode_elements(extract.body) if extract else ()
        return self._elements

    @property
    def robots(self) -> RobotsFile | None:
        """The origin's robots.txt, read; None unless one was found."""
        evidence = self.location(ROBOTS_TXT)
        if evidence is None or evidence.outcome is not Outcome.FOUND:
            return None
        remembered = _large_robots_files if len(evidence.body) > _LARGE else _robots_files
        return remembered(evidence.body)

"""Evidence to statements: containers first, then every protocol over the same facts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cache

from reservations.facts import Facts
from reservations.model import HTML_SIGNALS, RESPONSE, Agent, Evidence, Outcome, Reading
from reservations.protocol import Protocol
from reservations.protocols import discover
from reservations.readers import boilerplate, rsl_embedded, terms_page
from reservations.readers.assets import asset_extracts
from reservations.readers.html_head import encode_elements, looks_like_html, read_elements

_NOTHING = Reading()
_REDUCED = {terms_page.KIND: terms_page.reduced, rsl_embedded.KIND: rsl_embedded.reduced}
"""Kinds of what is asked for for its statements alone, and is kept as an extract."""


@cache
def meta_names() -> frozenset[str]:
    """Names of meta elements that some protocol reads, in lower case."""
    return frozenset().union(*(p.meta_names for p in discover()))


def extract(evidence: Evidence, agent: Agent) -> tuple[Evidence, ...]:
    """Split an answer with its body into what is kept of it: its head, and the signal extract.

    Anything but a response with a body is returned as it is, so that
    `extract(extract(x)) == extract(x)` and reading the extract equals reading the body.
    """
    if evidence.kind != RESPONSE or not evidence.body:
        reduce = _REDUCED.get(evidence.kind)
        return (reduce(evidence) if reduce else evidence,)
    head = replace(evidence, body=b"")
    return (head, *signals(head, evidence.body, agent))


def signals(head: Evidence, body: bytes, agent: Agent) -> tuple[Evidence, ...]:
    """What a body says about rights, taken out of it; `head` is the answer it came with."""
    if not body:
        return ()
    if not looks_like_html(head.fields, body):
        return tuple(_part(head, *asset) for asset in asset_extracts(head.fields, body))
    elements = read_elements(body, fields=head.fields, names=_names(agent))
    found = (_part(head, HTML_SIGNALS, encode_elements(elements)),) if elements else ()
    sentences = boilerplate.reserving_sentences(body, head.fields)
    return (
        (*found, _part(head, boilerplate.KIND, boilerplate.encode_sentences(sentences)))
        if sentences
        else found
    )


@cache
def _names(agent: Agent) -> frozenset[str]:
    return meta_names() | {agent.token.lower()}


def _part(evidence: Evidence, kind: str, body: bytes) -> Evidence:
    return Evidence(
        kind=kind, url=evidence.url, outcome=Outcome.FOUND, fetched_at=evidence.fetched_at, body=body
    )


def read(url: str, evidence: Iterable[Evidence], agent: Agent) -> Reading:
    """What all protocols say about `url` for `agent`.

    `evidence` may hold answers with bodies or their extracts. Raises ValueError for a URL without
    a host; nothing in the evidence itself raises.
    """
    return Reader(url, agent).read(evidence)


class Reader:
    """Reads the evidence about one URL as it comes in.

    A protocol is asked again only where evidence of a kind that it reads came or went, so that robots.txt
    is matched once and not at each stage. What was read before never changes what is read now.
    """

    __slots__ = ("_facts", "_given", "_reading", "_readings", "agent", "url")

    def __init__(self, url: str, agent: Agent) -> None:
        self.url = url
        self.agent = agent
        self._facts = Facts(url=url, evidence=(), agent=agent)
        self._readings: tuple[Reading, ...] = (_NOTHING,) * len(discover())
        self._reading: Reading | None = None
        self._given: tuple[Evidence, ...] | None = None
        """What was asked about last, if it cannot change: the same tuple needs no second look."""

    def facts(self, evidence: Iterable[Evidence]) -> Facts:
        """The evidence as protocols see it, answers with bodies split into their extracts."""
        if evidence is self._given or evidence is self._facts.evidence:
            return self._facts
        kept = tuple([part for item in evidence for part in extract(item, self.agent)])
        changed = _changed(kept, self._facts.evidence)
        if changed:
            self._reading = None
            facts = self._facts = Facts(url=self.url, evidence=kept, agent=self.agent)
            self._readings = tuple(
                [
                    earlier if changed.isdisjoint(protocol.kinds) else _parsed(protocol, facts)
                    for protocol, earlier in zip(discover(), self._readings, strict=True)
                ]
            )
        self._given = evidence if isinstance(evidence, tuple) else None
        return self._facts

    def read(self, evidence: Iterable[Evidence]) -> Reading:
        """What all protocols say, as `read` does."""
        self.facts(evidence)
        if self._reading is None:
            said = [reading for reading in self._readings if reading is not _NOTHING]
            self._reading = Reading(
                statements=tuple([s for r in said for s in r.statements]),
                unknowns=tuple([u for r in said for u in r.unknowns]),
                notes=tuple([n for r in said for n in r.notes]),
            )
        return self._reading


def _parsed(protocol: Protocol, facts: Facts) -> Reading:
    return protocol.parse(facts) if any(kind in facts.kinds for kind in protocol.kinds) else _NOTHING


def _changed(now: Sequence[Evidence], before: Sequence[Evidence]) -> set[str]:
    """Kinds of what follows after the last object that both begin with."""
    shared = 0
    for one, other in zip(now, before, strict=False):
        if one is not other:
            break
        shared += 1
    return {item.kind for item in (*now[shared:], *before[shared:])}

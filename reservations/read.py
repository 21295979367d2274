"""Evidence to statements: containers first, then every protocol over the same facts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import cache

from reservations.facts import Facts
from reservations.model import HTML_SIGNALS, RESPONSE, Agent, Evidence, Outcome, Reading
from reservations.protocols import discover
from reservations.readers.assets import asset_extracts
from reservations.readers.html_head import encode_elements, looks_like_html, read_elements


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
        return (evidence,)
    head = replace(evidence, body=b"")
    if not looks_like_html(evidence.fields, evidence.body):
        return (head, *(_part(evidence, *asset) for asset in asset_extracts(evidence.fields, evidence.body)))
    elements = read_elements(
        evidence.body, fields=evidence.fields, names=meta_names() | {agent.token.lower()}
    )
    if not elements:
        return (head,)
    return (head, _part(evidence, HTML_SIGNALS, encode_elements(elements)))


def _part(evidence: Evidence, kind: str, body: bytes) -> Evidence:
    return Evidence(
        kind=kind, url=evidence.url, outcome=Outcome.FOUND, fetched_at=evidence.fetched_at, body=body
    )


def read(url: str, evidence: Iterable[Evidence], agent: Agent) -> Reading:
    """What all protocols say about `url` for `agent`.

    `evidence` may hold answers with bodies or their extracts. Raises ValueError for a URL without
    a host; nothing in the evidence itself raises.
    """
    kept = [part for item in evidence for part in extract(item, agent)]
    facts = Facts(url=url, evidence=kept, agent=agent)
    readings = [protocol.parse(facts) for protocol in discover()]
    return Reading(
        statements=tuple(s for r in readings for s in r.statements),
        unknowns=tuple(u for r in readings for u in r.unknowns),
        notes=tuple(n for r in readings for n in r.notes),
    )

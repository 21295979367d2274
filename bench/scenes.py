"""Five kinds of sites, each judged once by the real gate, as patterns for many."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from crawler.gate import Case, Decision, Terms, judge
from crawler.store.codec import notes_to_json, reasons_to_json
from reservations.model import (
    RESPONSE,
    ROBOTS_TXT,
    TDMREP_JSON,
    Agent,
    Evidence,
    Outcome,
    Reason,
    Stage,
)
from reservations.plan import plan
from reservations.policy import Policy

ORIGIN = "https://pattern.example"
AT = datetime(2026, 9, 1, tzinfo=UTC)
TERMS = Terms(agent=Agent(token="ForbearBench"), policy=Policy())
KINDS = ("partly", "open", "closed", "tdmrep", "open", "partly", "waiting", "open")
"""Kinds of sites in turn, the largest first."""
SIZE = 38_000
"""Bytes of a page."""
_LONG = b"".join(b"Disallow: /admin/%d/*.php\n" % n for n in range(60))
_PARTLY = b"User-agent: *\nCrawl-delay: 1\n" + _LONG + b"Disallow: /archive/\n"
_CLOSED = b"User-agent: *\nAllow: /\n" + _LONG + b"Content-Usage: train-ai=n\n"
_TDMREP = b'[{"location": "/*", "tdm-reservation": 1}]'


@dataclass(frozen=True, slots=True, kw_only=True)
class PageCase:
    """What a page of a kind comes out as, with its reasons and notes in the form they are stored in."""

    decision: Decision
    reasons: str
    notes: str
    own: tuple[Evidence, ...]
    """Evidence of the page itself."""

    @property
    def is_fetched(self) -> bool:
        """Whether the page was asked for."""
        return bool(self.own)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A site as a pattern."""

    files: tuple[Evidence, ...]
    """Rights files that were asked for."""
    usual: PageCase
    archive: PageCase
    """Pages below /archive/."""
    reserving: tuple[tuple[str, Reason], ...]
    """Reservations of the site's files, each with the kind of its file."""

    def case(self, url: str) -> PageCase:
        """How a page of such a site comes out."""
        return self.archive if "/archive" in url else self.usual


def scenes() -> dict[str, Scene]:
    """All kinds of sites by name."""
    return {
        "open": _scene({}, ("X-Robots-Tag", "noai")),
        "partly": _scene({ROBOTS_TXT: _PARTLY}),
        "closed": _scene({ROBOTS_TXT: _CLOSED}),
        "tdmrep": _scene({TDMREP_JSON: _TDMREP}),
        "waiting": _scene({}, unreachable=True),
    }


def _scene(found: Mapping[str, bytes], *more: tuple[str, str], unreachable: bool = False) -> Scene:
    files = _files(found, unreachable=unreachable)
    usual, archive = _case("/news/a.html", files), _case("/archive/a.html", files, *more)
    kinds = {item.sha256: item.kind for item in files}
    reserving = [(kinds[r.evidence], r) for r in archive.decision.reasons if r.evidence in kinds and r.quote]
    return Scene(files=files, usual=usual, archive=archive, reserving=tuple(reserving))


def _files(found: Mapping[str, bytes], *, unreachable: bool) -> tuple[Evidence, ...]:
    evidence: list[Evidence] = []
    while wanted := plan(f"{ORIGIN}/news/a.html", evidence, TERMS.agent, TERMS.policy.profile):
        evidence += [_file(w.kind, w.url, found.get(w.kind), unreachable=unreachable) for w in wanted]
    return tuple(evidence)


def _file(kind: str, url: str, body: bytes | None, *, unreachable: bool) -> Evidence:
    if unreachable:
        return Evidence(
            kind=kind, url=url, outcome=Outcome.UNREACHABLE, fetched_at=AT, status=503, why="status 503"
        )
    return Evidence(
        kind=kind,
        url=url,
        outcome=Outcome.ABSENT if body is None else Outcome.FOUND,
        fetched_at=AT,
        status=404 if body is None else 200,
        fields=(("Content-Type", "text/plain"),),
        body=body or b"",
    )


def _case(path: str, files: tuple[Evidence, ...], *more: tuple[str, str]) -> PageCase:
    url = ORIGIN + path
    before = judge(Case(url=url, stage=Stage.BEFORE_FETCH, decided_at=AT, evidence=files), TERMS)
    if before.verdict != "keep":
        return _page_case(before)
    page = Evidence(
        kind=RESPONSE,
        url=url,
        outcome=Outcome.FOUND,
        fetched_at=AT,
        status=200,
        fields=(("Content-Type", "text/html; charset=utf-8"), ("Server", "nginx"), *more),
        body=b"<!doctype html><html><head><title>A page</title></head><body><p>Text.</p></body></html>",
    )
    return _page_case(judge(Case(url=url, stage=Stage.BODY, decided_at=AT, evidence=(*files, page)), TERMS))


def _page_case(decision: Decision) -> PageCase:
    return PageCase(
        decision=decision,
        reasons=reasons_to_json(decision.reasons),
        notes=notes_to_json(decision.notes),
        own=tuple(e for e in decision.evidence if e.url == decision.url),
    )

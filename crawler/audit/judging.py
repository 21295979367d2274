"""A page of the input judged by the operator's policy, from what the input knows and what was asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from blocklists.hostnames import canonical_host, registrable_domain
from blocklists.index import Index
from crawler.audit.model import AuditRow, FilesOf, Judged, Page
from crawler.audit.seen_files import RECENT, Nearest, SeenFiles
from crawler.gate import Case, Decision, Terms, judge
from crawler.scope import failed
from reservations.model import RESPONSE, Effect, Evidence, EvidenceRequest, Reason, Stage, Verdict
from reservations.plan import plan_for
from reservations.read import Reader

_VERDICTS = {Verdict.KEEP: Judged.KEEP, Verdict.EXCLUDE: Judged.EXCLUDE, Verdict.DEFER: Judged.UNKNOWN}
_ROUNDS = 16
_IN_WORDS = {
    "page": "the page itself is not in the input",
    "head": "the head of the answer is not in the input",
    "body": "the body is not in the input",
}


@dataclass(slots=True, kw_only=True)
class Prepared:
    """A page with the evidence the input has about it; location files may be added."""

    page: Page
    case: Case
    reader: Reader | None
    """None where the URL is none that can be read about."""
    missing: tuple[str, ...]
    fetched: bool = False
    """Whether location files were fetched for it."""


class Judge:
    """Judges pages. The same page, terms, lists and files give the same row."""

    def __init__(
        self, terms: Terms, index: Index, seen: SeenFiles, *, today: date, live: bool = False
    ) -> None:
        self._terms = terms
        self._index = index
        self._seen = seen
        self._today = today
        self._live = live

    def prepare(self, page: Page) -> Prepared:
        """What is known of a page before anything is asked for."""
        when = page.date or datetime(self._today.year, self._today.month, self._today.day, tzinfo=UTC)
        found, missing = [*page.found], [*page.missing]
        location: tuple[Evidence, ...] = ()
        reader: Reader | None = None
        try:
            reader = Reader(page.url, self._terms.agent)
            hits = self._index.lookup(page.url, when.date())
            location = tuple(self._usable(self._location(page, reader), found, missing))
        except ValueError as error:
            hits = ()
            found.append(
                Reason(
                    code="security.url",
                    effect=Effect.EXCLUDE,
                    protocol="security",
                    why=str(error)[:200],
                )
            )
        found += [failed("evidence_missing", _IN_WORDS[what]) for what in page.missing if not page.found]
        case = Case(
            url=page.url,
            stage=_stage(page),
            decided_at=when,
            evidence=(*location, *page.evidence),
            hits=hits,
            found=tuple(found),
        )
        return Prepared(page=page, case=case, reader=reader, missing=tuple(missing))

    def add(self, prepared: Prepared, evidence: Iterable[Evidence]) -> None:
        """Location files that were fetched for the page."""
        more = tuple(evidence)
        if more:
            prepared.case = replace(prepared.case, evidence=(*prepared.case.evidence, *more))
            prepared.fetched = True

    def row(self, prepared: Prepared) -> AuditRow:
        """The verdict."""
        page, case = prepared.page, prepared.case
        try:
            decision = judge(case, self._terms, prepared.reader)
            missing = (*self._unasked(prepared, decision), *prepared.missing)
        except Exception as error:  # whatever a hostile page makes of a reader, it is not kept
            reason = failed("internal", f"{type(error).__name__}: {str(error)[:200]}")
            decision, missing = judge(replace(case, evidence=(), found=(reason,)), self._terms), ()
        host = canonical_host(page.url) or ""
        excluded = decision.verdict is Verdict.EXCLUDE
        return AuditRow(
            page=page,
            host=host,
            domain=(registrable_domain(host) or host) if host else "",
            stage=case.stage,
            verdict=_VERDICTS[decision.verdict],
            reason=decision.reason,
            reasons=decision.reasons,
            missing=() if excluded else tuple(dict.fromkeys(missing)),
            files=_files_of(prepared, decision),
            policy=self._terms.policy_id,
            evidence=tuple(dict.fromkeys(e.sha256 for e in decision.evidence)),
        )

    def _location(self, page: Page, reader: Reader) -> Iterator[Nearest]:
        """Location files of the page's time, and what these point to."""
        found = list(self._seen.near(page.url, page.date))
        yield from found
        asked: set[EvidenceRequest] = set()
        evidence = tuple(near.evidence for near in found)
        for _ in range(_ROUNDS):
            facts = reader.facts(evidence)
            wanted = [
                r for r in plan_for(reader, facts.evidence, self._terms.policy.profile) if r not in asked
            ]
            more = [n for r in wanted if (n := self._seen.nearest(r.url, r.kind, page.date)) is not None]
            if not more:
                return
            asked.update(wanted)
            evidence = (*evidence, *(near.evidence for near in more))
            yield from more

    def _usable(
        self, files: Iterable[Nearest], found: list[Reason], missing: list[str]
    ) -> Iterator[Evidence]:
        """An old file still reserves, but its silence says nothing."""
        for near in files:
            if near.distance > RECENT:
                if self._live:
                    continue  # what holds today is asked for instead
                kind, days = near.evidence.kind, near.distance / RECENT
                why = f"{kind} was seen {days:.1f} days from the page; it holds one day (RFC 9309 2.4)"
                found.append(failed("evidence_missing", why))
                missing.append(f"recent {kind}")
            yield near.evidence

    def _unasked(self, prepared: Prepared, decision: Decision) -> Iterable[str]:
        if prepared.reader is None or decision.verdict is Verdict.EXCLUDE:
            return ()
        facts = prepared.reader.facts(decision.evidence)
        return [r.kind for r in plan_for(prepared.reader, facts.evidence, self._terms.policy.profile)]


def _stage(page: Page) -> Stage:
    if not any(item.kind == RESPONSE for item in page.evidence):
        return Stage.BEFORE_FETCH
    return Stage.BODY


def _files_of(prepared: Prepared, decision: Decision) -> FilesOf:
    if prepared.fetched:
        return FilesOf.TODAY
    own = prepared.page.url.partition("#")[0]
    files = any(item.url.partition("#")[0] != own for item in decision.evidence)
    return FilesOf.INPUT if files else FilesOf.NONE

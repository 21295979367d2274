"""A stored case under other terms: won, lost, or unknown. Unknown never becomes allowed."""

from __future__ import annotations

from dataclasses import replace

from crawler.gate import Case, Decision, Terms, judge
from crawler.impact.model import Change, Redecided
from crawler.impact.terms import OtherTerms
from crawler.store.queries.cases import StoredCase, UnreadableCase
from crawler.store.rebuild import is_alike
from reservations.model import RESPONSE, Reason, Stage, Verdict
from reservations.plan import plan_for
from reservations.read import Reader

_WHOLE = frozenset({Stage.BODY, Stage.RECHECK})
"""Stages at which everything about a page had been read."""


def redecide(case: StoredCase | UnreadableCase, other: OtherTerms) -> Redecided:
    """One decision under other terms. Never raises for what a row holds."""
    if isinstance(case, UnreadableCase):
        return _not_judged(case.number, case.url, f"unreadable: {case.why}")
    if case.damaged:
        return _not_judged_case(case, "the stored evidence was altered")
    if case.removed is not None:
        return _not_judged_case(case, "what was read has been removed")
    try:
        return _compared(case, other)
    except Exception as error:  # what a hostile file makes of a reader is no reason to stop at it
        return _not_judged_case(case, f"it cannot be judged ({type(error).__name__})")


def _compared(case: StoredCase, other: OtherTerms) -> Redecided:
    terms = other.of(case)
    asked, lists_known = _with_lists(case, other)
    reader = Reader(asked.url, terms.agent)
    after = judge(asked, terms, reader)
    if not is_alike(case.stored, after) and _readers_changed(case):
        return _redecided(case, Change.READERS, after, cause=after.reason)
    missing: tuple[str, ...] = ()
    if after.verdict is not Verdict.EXCLUDE:
        read = case.stored.verdict is Verdict.KEEP
        missing = (*_unasked(asked, terms, reader), *(() if read else _unread(asked)))
        missing = missing if lists_known else (*missing, "lists")
    return _judged(case, after, missing)


def _readers_changed(case: StoredCase) -> bool:
    return not is_alike(case.stored, judge(case.case, case.terms))


def _with_lists(case: StoredCase, other: OtherTerms) -> tuple[Case, bool]:
    """The case with the entries that count now, and whether the lists could be asked."""
    if not other.looks_up:
        return case.case, True
    hits = other.hits(case)
    if hits is None:
        return case.case, False
    found = tuple(reason for reason in case.case.found if reason.protocol != "blocklist")
    return replace(case.case, found=found, hits=hits), True


def _unasked(case: Case, terms: Terms, reader: Reader) -> tuple[str, ...]:
    """Kinds of evidence that would have to be asked for before the URL could be kept, and never were."""
    wanted = plan_for(reader, reader.facts(case.evidence).evidence, terms.policy.profile)
    return tuple(dict.fromkeys(request.kind for request in wanted))


def _unread(case: Case) -> tuple[str, ...]:
    """What of the page itself was never fetched."""
    if not any(item.kind == RESPONSE for item in case.evidence):
        return ("page",)
    return () if case.stage in _WHOLE else ("body",)


def _judged(case: StoredCase, after: Decision, missing: tuple[str, ...]) -> Redecided:
    before = case.stored.verdict
    if after.verdict is Verdict.EXCLUDE:
        change = {Verdict.KEEP: Change.LOST, Verdict.EXCLUDE: Change.SAME, Verdict.DEFER: Change.CLOSED}[
            before
        ]
        return _redecided(case, change, after, cause=_new(case, after))
    if before is Verdict.KEEP and not missing and after.verdict is Verdict.KEEP:
        return _redecided(case, Change.SAME, after, cause=after.reason)
    if before is Verdict.KEEP:
        return _redecided(case, Change.LOST_UNKNOWN, after, cause=after.reason, missing=missing)
    if before is Verdict.DEFER and (missing or after.verdict is Verdict.DEFER):
        return _redecided(case, Change.SAME, after, cause=case.stored.reason)
    known = after.verdict is Verdict.KEEP and not missing
    if known and case.case.stage is not Stage.RECHECK:
        return _redecided(case, Change.WON, after, cause=case.stored.reason)
    # a second look stops where it is told to: whether it read the body, the record does not say
    missing = missing or (("body",) if case.case.stage is Stage.RECHECK else ())
    return _redecided(case, Change.UNKNOWN, after, cause=case.stored.reason, missing=missing)


def _new(case: StoredCase, after: Decision) -> str:
    """The most decisive reason that was none before; the first one where all of them were."""
    known = {reason.code for reason in case.stored.reasons}
    fresh: list[Reason] = [reason for reason in after.reasons if reason.code not in known]
    return fresh[0].code if fresh and case.stored.verdict is Verdict.KEEP else after.reason


def _redecided(
    case: StoredCase, change: Change, after: Decision, *, cause: str, missing: tuple[str, ...] = ()
) -> Redecided:
    return Redecided(
        number=case.number,
        url=case.case.url,
        domain=case.domain,
        bytes=case.bytes,
        change=change,
        before=(case.stored.verdict, case.stored.reason),
        after=(Verdict.DEFER if missing else after.verdict, after.reason),
        cause=cause,
        missing=missing,
    )


def _not_judged_case(case: StoredCase, why: str) -> Redecided:
    return Redecided(
        number=case.number,
        url=case.case.url,
        domain=case.domain,
        bytes=case.bytes,
        change=Change.NOT_JUDGED,
        before=(case.stored.verdict, case.stored.reason),
        after=None,
        cause=why,
    )


def _not_judged(number: int, url: str, why: str) -> Redecided:
    return Redecided(
        number=number,
        url=url,
        domain="",
        bytes=None,
        change=Change.NOT_JUDGED,
        before=("", ""),
        after=None,
        cause=why[:120],
    )

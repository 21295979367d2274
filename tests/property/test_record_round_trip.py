"""Decision to rows to decision: nothing is lost, whatever strangers wrote."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from crawler.gate import Decision
from crawler.store.database import open_database
from crawler.store.rebuild import stored_case
from reservations.model import (
    RESPONSE,
    Effect,
    Evidence,
    Hop,
    Locator,
    Note,
    NoteKind,
    Outcome,
    Reason,
    Stage,
    Use,
    Verdict,
)
from reservations.protocols import discover
from tests.record_tools import TERMS, kept_page, record_all

# JSON joins two halves of a pair that stand side by side; nothing that reads bytes makes such a text.
TEXT = st.text(st.characters() | st.sampled_from("\0\\\udc80\u202e"), max_size=40).filter(
    lambda text: text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass") == text
)
# Header lines are decoded from bytes; of lone surrogates they can only hold those that stand for a byte.
LINES = TEXT.filter(lambda text: not any("\ud800" <= c < "\udc80" or "\udcff" < c <= "\udfff" for c in text))
TIMES = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
NUMBERS = st.none() | st.integers(0, 2**31 - 1)
PAIRS = st.lists(st.tuples(TEXT, TEXT), max_size=4).map(tuple)
URLS = TEXT.map(lambda path: f"https://example.org/{path}") | TEXT
KINDS: list[NoteKind] = [kind for protocol in discover() for kind in protocol.notes]


@st.composite
def evidence(draw: st.DrawFn) -> Evidence:
    kind = draw(st.sampled_from([RESPONSE, "robots.txt", "html-signals", "odd"]))
    return Evidence(
        kind=kind,
        url=draw(URLS),
        outcome=draw(st.sampled_from(Outcome)),
        fetched_at=draw(TIMES),
        status=draw(st.none() | st.integers(100, 999)),
        fields=draw(st.lists(st.tuples(LINES, LINES), max_size=4).map(tuple)),
        body=b"" if kind == RESPONSE else draw(st.binary(max_size=60)),
        redirects=draw(
            st.lists(st.builds(Hop, status=st.integers(300, 399), location=TEXT), max_size=3).map(tuple)
        ),
        details=draw(PAIRS),
        why=draw(TEXT),
    )


REASONS = st.builds(
    Reason,
    code=st.sampled_from(["robots.disallow", "tdmrep.meta", "error.odd", "access.402"]),
    effect=st.sampled_from(Effect),
    protocol=st.sampled_from(["robots", "tdmrep", "error", "access"]),
    use=st.none() | st.sampled_from(Use),
    evidence=st.none() | st.just("ab" * 32),
    line=NUMBERS,
    offset=NUMBERS,
    quote=TEXT,
    why=TEXT,
    inferred=st.booleans(),
)
NOTES = st.builds(
    Note,
    kind=st.sampled_from(KINDS),
    locator=st.builds(Locator, evidence=st.just("ab" * 32), line=NUMBERS, offset=NUMBERS, quote=TEXT),
)
DECISIONS = st.builds(
    Decision,
    url=URLS,
    via=st.none() | URLS,
    stage=st.sampled_from(Stage),
    verdict=st.sampled_from(Verdict),
    reasons=st.lists(REASONS, max_size=4).map(tuple),
    notes=st.lists(NOTES, max_size=4).map(tuple),
    evidence=st.lists(evidence(), max_size=4).map(tuple),
    policy_id=st.just(TERMS.policy_id),
    decided_at=TIMES,
)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(DECISIONS, min_size=1, max_size=5))
@example([kept_page(), kept_page(1)])
def test_decisions_come_back_as_they_were(decisions: list[Decision]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        engine = open_database(f"sqlite:///{Path(folder) / 'forbear.db'}")
        try:
            record_all(engine, *decisions)
            with engine.connect() as connection:
                stored = [stored_case(connection, number + 1) for number in range(len(decisions))]
        finally:
            engine.dispose()
    assert [decision for _, _, decision in stored] == decisions
    assert {terms for _, terms, _ in stored} == {TERMS}
    assert [case.url for case, _, _ in stored] == [decision.url for decision in decisions]

"""What a crawl counts, and which page it tells the user to look at."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from itertools import permutations

import pytest

from crawler.gate import Decision
from crawler.tally import Tally
from reservations.model import Effect, Reason, Stage, Verdict

KEPT, DEFERRED = "https://k.example/", "https://d.example/"
SECURITY, LINE = "https://s.example/", "https://l.example/"


def settled(url: str) -> Decision:
    verdict, reasons = {
        KEPT: (Verdict.KEEP, ()),
        DEFERRED: (Verdict.DEFER, (reason("robots.unreachable"),)),
        SECURITY: (Verdict.EXCLUDE, (reason("security.address"),)),
        LINE: (Verdict.EXCLUDE, (reason("robots.disallow", line=3),)),
    }[url]
    return Decision(
        url=url, via=None, stage=Stage.BEFORE_FETCH, verdict=verdict, reasons=reasons, notes=(), evidence=(),
        policy_id="p", decided_at=datetime(2026, 11, 24, tzinfo=UTC),
    )  # fmt: skip


def reason(code: str, line: int | None = None) -> Reason:
    return Reason(code=code, effect=Effect.EXCLUDE, protocol=code.partition(".")[0], line=line)


@pytest.mark.parametrize("best", [1, 2, 3, 4])
def test_the_example_is_what_is_most_worth_reading(best: int) -> None:
    by_worth = (KEPT, DEFERRED, SECURITY, LINE)[:best]
    for order in permutations(by_worth):
        tally = Tally()
        for url in order:
            tally.add(settled(url))
        assert tally.example == by_worth[-1]


def test_of_equal_pages_the_shortest_is_named_whichever_came_first() -> None:
    urls = ("https://l.example/b", "https://l.example/", "https://l.example/a/b")
    for order in permutations(urls):
        tally = Tally()
        for url in order:
            tally.add(replace(settled(LINE), url=url))
        assert tally.example == "https://l.example/"


def test_what_a_deferred_page_comes_to_replaces_it() -> None:
    tally = Tally()
    tally.add(settled(DEFERRED))
    assert tally.counts == {"defer robots.unreachable": 1}
    tally.add(replace(settled(DEFERRED), verdict=Verdict.KEEP, reasons=()))
    assert {key: count for key, count in tally.counts.items() if count} == {"keep none": 1}
    assert tally.kept == 1

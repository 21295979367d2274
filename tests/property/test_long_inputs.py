"""Long runs of one thing, in every place where a reader meets them: time grows with their length.

Fuzzed inputs are short. A product token of a megabyte was found here, for which every cut was tried.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from crawler.gate import Case, Terms, judge
from reservations.model import RESPONSE, ROBOTS_TXT, Agent, Evidence, Outcome, Stage
from reservations.policy import Policy
from reservations.read import extract

ORIGIN = "https://example.com"
URL = f"{ORIGIN}/a/b?c=d"
AGENT = Agent(token="ExampleBot", reads_policies=True)
WHEN = datetime(2026, 11, 24, tzinfo=UTC)
LENGTH = 200_000
SECONDS = 4.0
"""Several times what the slowest takes here; what tries every cut or every start takes minutes."""

STARTS = {
    ROBOTS_TXT: (
        "User-agent: ",
        "User-agent: *\nDisallow: /",
        "User-agent: *\nContent-Signal: ",
        "License: ",
    ),
    "tdmrep.json": ('[{"location":"/', "<pre>"),
    "ai.txt": ("User-Agent: *\nDisallow: ",),
    "trust.txt": ("datatrainingallowed=",),
    "terms": ("Text and data mining ",),
    "rsl-embedded": ('<rss xmlns:rsl="https://rslstandard.org/rsl">',),
    "text/html": (
        '<meta name="robots" content="',
        '<meta name="copyright" content="mining ',
        "<footer>mining ",
    ),
    "image/svg+xml": ('<svg xmlns="http://www.w3.org/2000/svg"><metadata>',),
    "x-robots-tag": ("unavailable_after: ",),
    "content-usage": ("train-ai=",),
    "link": ("<",),
}
RUNS = (
    "a",
    "*",
    "<",
    '"',
    "[",
    "\\n",
    " ",
    "-_",
    "no ",
    "a,",
    "<a ",
    "User-agent: a\n",
    "Disallow: /a\n",
    "/*a",
)


def evidence(place: str, text: str) -> Evidence:
    """The text where a reader meets it: a file, a body or a header line."""
    kind, url, body, fields = RESPONSE, URL, text.encode(), [("Content-Type", "text/html")]
    if "/" in place:
        fields = [("Content-Type", place)]
    elif place in (ROBOTS_TXT, "tdmrep.json", "ai.txt", "trust.txt", "terms", "rsl-embedded"):
        paths = {"tdmrep.json": ".well-known/tdmrep.json"}
        kind, url, fields = place, f"{ORIGIN}/{paths.get(place, place)}", []
    else:
        body, fields = b"", [*fields, (place, text)]
    return Evidence(
        kind=kind,
        url=url,
        outcome=Outcome.FOUND,
        fetched_at=WHEN,
        status=200,
        fields=tuple(fields),
        body=body,
    )


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize(("place", "start"), [(p, s) for p, starts in STARTS.items() for s in starts])
def test_time_grows_with_the_length(place: str, start: str, run: str) -> None:
    given = evidence(place, start + run * (LENGTH // len(run)))
    begun = time.perf_counter()
    parts = extract(given, AGENT)
    case = Case(url=URL, stage=Stage.BODY, decided_at=WHEN, evidence=parts)
    judge(case, Terms(agent=AGENT, policy=Policy()))
    assert time.perf_counter() - begun < SECONDS

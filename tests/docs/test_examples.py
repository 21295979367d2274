"""The examples for rightsholders do what the page promises."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from crawler.gate import Case, Terms, judge
from reservations.model import RESPONSE, ROBOTS_TXT, Agent, Evidence, Outcome, Stage, Verdict
from reservations.plan import plan
from reservations.policy import Policy
from reservations.protocols import discover
from tests.docs.markdown import CHECKOUT, Block, blocks

PAGE = CHECKOUT / "docs" / "rightsholders.md"
URL = "https://example.com/article"
PATHS = {ROBOTS_TXT: "/robots.txt", "rsl": "/license.xml"} | {
    location.kind: location.path for protocol in discover() for location in protocol.locations
}
AGENT = Agent(token="ExampleBot")
NOW = datetime(2026, 11, 24, tzinfo=UTC)


def examples() -> Iterator[tuple[Block, ...]]:
    """Blocks up to one that says what is expected; those before it belong to it."""
    group: list[Block] = []
    for block in blocks(PAGE):
        if block.language in ("sh", "console") or "file" in block.info:
            continue
        group.append(block)
        if "expects" in block.info:
            yield tuple(group)
            group = []
    assert not group, f"{group[0].place}: an example that promises nothing"


def evidence(block: Block) -> Evidence:
    if block.language == RESPONSE:
        head, _, body = block.text.partition("\n\n")
        status, *lines = head.splitlines()
        fields = tuple((n, v.strip()) for n, _, v in (line.partition(":") for line in lines))
        return _found(RESPONSE, URL, int(status.split()[1]), fields, body)
    path = PATHS.get(block.language)
    return _found(block.language, URL if path is None else "https://example.com" + path, 200, (), block.text)


def _found(kind: str, url: str, status: int, fields: tuple[tuple[str, str], ...], body: str) -> Evidence:
    return Evidence(
        kind=kind,
        url=url,
        outcome=Outcome.FOUND,
        fetched_at=NOW,
        status=status,
        fields=fields,
        body=body.encode(),
    )


@pytest.mark.parametrize("example", list(examples()), ids=lambda e: f"{e[-1].line}-{e[-1].info['expects']}")
def test_an_example_is_left_out_for_the_reason_it_promises(example: tuple[Block, ...]) -> None:
    known = tuple(map(evidence, example))
    while wanted := plan(URL, known, AGENT):
        known += tuple(
            Evidence(kind=r.kind, url=r.url, outcome=Outcome.ABSENT, fetched_at=NOW, status=404)
            for r in wanted
        )
    case = Case(url=URL, stage=Stage.BODY, decided_at=NOW, evidence=known)
    decision = judge(case, Terms(agent=AGENT, policy=Policy()))
    assert decision.verdict is Verdict.EXCLUDE
    assert decision.reason == example[-1].info["expects"]


def test_every_protocol_that_decides_by_default_has_an_example() -> None:
    promised = {group[-1].info["expects"] for group in examples()}
    without = [p.name for p in discover() if not promised & set(p.codes)]
    assert without == ["natural_language"]

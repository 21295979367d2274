"""A reader that met a URL's evidence piece by piece says what one that meets all of it at once says."""

from __future__ import annotations

import json
import random
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import reservations
from crawler.conformance import evidence_of
from reservations.facts import Facts
from reservations.model import Agent, Evidence, Reading
from reservations.protocol import Protocol
from reservations.protocols import discover
from reservations.read import Reader, extract, read

FILES = sorted((Path(reservations.__file__).parent / "vectors").glob("*.json"))


@cache
def vectors(path: Path) -> list[dict[str, Any]]:
    return json.loads(path.read_text("utf-8"))


def subject(vector: dict[str, Any]) -> tuple[str, Agent, list[Evidence]]:
    agent = Agent(token=vector["agent"])
    found = [part for record in vector["evidence"] for part in extract(evidence_of(record), agent)]
    return vector["url"], agent, found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_what_was_read_before_changes_nothing(path: Path) -> None:
    rng = random.Random(path.stem)
    for vector in vectors(path):
        url, agent, evidence = subject(vector)
        reader = Reader(url, agent)
        for _ in range(6):
            some = rng.sample(evidence, rng.randint(0, len(evidence)))
            given = rng.choice((tuple, list))(some)
            for _ in range(2):
                assert reader.read(given) == read(url, some, agent), vector["name"]
            if isinstance(given, list) and given:
                given.pop()  # a list that changed is read anew
                assert reader.read(given) == read(url, some[:-1], agent), vector["name"]
            assert reader.read(()) == Reading()
        assert reader.read(evidence) == read(url, evidence, agent), vector["name"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_protocol_reads_only_the_kinds_of_evidence_that_it_names(path: Path) -> None:
    for vector in vectors(path):
        url, agent, evidence = subject(vector)
        everything = Facts(url=url, evidence=evidence, agent=agent)
        for protocol in discover():
            named = [item for item in evidence if item.kind in protocol.kinds]
            alone = Facts(url=url, evidence=named, agent=agent)
            assert protocol.parse(alone) == protocol.parse(everything), (vector["name"], protocol.name)


@pytest.mark.parametrize("protocol", discover(), ids=lambda protocol: protocol.name)
def test_a_protocol_says_nothing_without_evidence(protocol: Protocol) -> None:
    agent = Agent(token="ExampleBot")
    assert protocol.parse(Facts(url="https://example.org/a", evidence=(), agent=agent)) == Reading()

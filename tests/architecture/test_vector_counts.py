"""At least a dozen malformed or odd vectors a protocol, each naming its clause."""

from __future__ import annotations

import json
from typing import Any

import pytest

from crawler.conformance import evidence_of
from crawler.vectors import shipped_files
from reservations.model import ALWAYS, Agent, Level
from reservations.read import read

ENOUGH = 12
_COMPLAINTS = frozenset({Level.WARN, Level.BAD})
FILES = {file.name: json.loads(file.read_text("utf-8")) for file in shipped_files()}


def is_odd(vector: dict[str, Any]) -> bool:
    """Whether a vector is malformed or odd: it says so, or profiles differ."""
    if vector.get("odd"):
        return True
    reading = read(
        vector["url"], map(evidence_of, vector["evidence"]), Agent(token=vector["agent"], reads_policies=True)
    )
    differs = any(s.under != ALWAYS for s in reading.statements)
    return differs or bool(reading.unknowns) or any(n.kind.level in _COMPLAINTS for n in reading.notes)


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_dozen_odd_vectors_a_protocol(name: str) -> None:
    assert sum(map(is_odd, FILES[name])) >= ENOUGH


@pytest.mark.parametrize("name", sorted(FILES))
def test_each_names_its_clause(name: str) -> None:
    vague = [v["name"] for v in FILES[name] if len(v["spec"].strip()) < 8]
    assert not vague


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_dispute_says_why(name: str) -> None:
    assert all(len(v["disputed"]) > 20 for v in FILES[name] if "disputed" in v)

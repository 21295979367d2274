"""The protocol table and the protocols that are read are one and the same list."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from crawler.config import Config, ConfigError, load_config
from crawler.gate import Terms
from crawler.vectors import shipped_vectors
from reservations.decide import reasons_of
from reservations.model import Agent, Locator, Preference, Reading, Statement, Unknown, Use
from reservations.policy import Policy
from reservations.protocol_table import (
    BINDING,
    ProtocolTableError,
    Standing,
    overridden,
    shipped_table,
)
from reservations.protocols import discover

NOWHERE = Locator(evidence="0" * 64)


def test_every_protocol_has_a_row_and_every_row_a_protocol() -> None:
    assert {row.name for row in shipped_table().rows} == {p.name for p in discover()}


def test_statements_name_protocols_of_the_table() -> None:
    from docs.generate import _reading

    names = {row.name for row in shipped_table().rows}
    said = {s.protocol for vector in shipped_vectors() for s in _reading(vector).statements}
    assert said <= names


def test_every_row_is_filled_in_and_decides() -> None:
    for row in shipped_table().rows:
        assert row.enabled
        assert all((row.body, row.version, row.date, row.adopted_by, row.source, row.honoured_since)), row


def test_robots_txt_alone_is_mandatory_and_nothing_is_agreed_yet() -> None:
    standing = {row.name: row.standing for row in shipped_table().rows}
    assert [name for name, s in standing.items() if s in BINDING] == ["robots"]


def test_a_list_of_agreed_protocols_is_switched_in_by_a_file(tmp_path: Path) -> None:
    rows = [{"name": "tdmrep", "standing": "agreed", "adopted_by": "list of 31 January 2027"}]
    (tmp_path / "protocols.json").write_text(json.dumps({"version": "EU 2027-01-31", "protocols": rows}))
    (tmp_path / "forbear.toml").write_text(f'[policy]\nprotocols = "{tmp_path}/protocols.json"\n')
    config = load_config(tmp_path / "forbear.toml", {})
    row = config.protocol_table.row("tdmrep")
    assert row is not None
    assert (row.standing, row.body) == (Standing.AGREED, "W3C Community Group")
    assert config.reading_policy.protocol_table == f"{shipped_table().version}+EU 2027-01-31"
    assert _policy_id(config) != _policy_id(Config())


def _policy_id(config: Config) -> str:
    return Terms(agent=config.agent, policy=config.reading_policy).policy_id


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "not valid JSON"),
        ("[]", "write"),
        ('{"protocols": []}', "version"),
        (["nothing"], "write"),
        ([{"name": "ads_txt"}], "row 1: no protocol 'ads_txt' is read; known: ai_txt,"),
        ([{"name": "rsl", "rank": "1"}], "rsl: no column 'rank'"),
        ([{"name": "rsl", "enabled": "no"}], "rsl: enabled is 'no'; write true or false"),
        ([{"name": "rsl", "standing": "law"}], "write one of mandatory, agreed, recognised, advisory"),
        ([{"name": "rsl", "date": "soon"}], "rsl: 'soon' is no date"),
        ([{"name": "rsl", "source": "http://x"}], "rsl: source is an https address"),
        ([{"name": "robots", "enabled": False}], "robots is mandatory and cannot be switched off"),
        ([{"name": "rsl", "standing": "agreed", "enabled": False}], "cannot be switched off"),
    ],
)
def test_a_table_that_cannot_be_used_says_why(text: Any, problem: str) -> None:
    written = text if isinstance(text, str) else json.dumps({"version": "1", "protocols": text})
    with pytest.raises(ProtocolTableError, match=re.escape(problem)):
        overridden(shipped_table(), written)


def test_a_broken_file_is_told_before_anything_runs(tmp_path: Path) -> None:
    (tmp_path / "forbear.toml").write_text('[policy]\nprotocols = "none.json"\n')
    with pytest.raises(ConfigError, match=r"none\.json: not a protocol table"):
        load_config(tmp_path / "forbear.toml", {})


def test_a_protocol_that_is_switched_off_is_read_and_does_not_decide() -> None:
    table = overridden(shipped_table(), '{"version": "1", "protocols": [{"name": "noai", "enabled": false}]}')
    policy = Policy(disabled_protocols=table.disabled)
    reading = Reading(
        statements=tuple(
            Statement(protocol=name, code=name, use=Use.TDM, preference=Preference.RESERVED, locator=NOWHERE)
            for name in ("noai", "rsl")
        ),
        unknowns=(Unknown(protocol="noai", code="noai", locator=NOWHERE, why="no answer"),),
    )
    assert [r.protocol for r in reasons_of(reading, policy)] == ["rsl"]
    assert len(reasons_of(reading, Policy())) == 3


def test_common_terms_keep_their_identifier() -> None:
    """What only some operators choose is no part of the terms of the others."""
    canonical = Terms(agent=Agent(token="ExampleBot"), policy=Policy()).canonical
    assert "accepted_policies" not in canonical
    chosen = Policy(accepted_policies=frozenset({"https://ex.org/p"}))
    assert "accepted_policies" in Terms(agent=Agent(token="ExampleBot"), policy=chosen).canonical

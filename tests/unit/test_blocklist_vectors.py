"""The matching rules, as a table in `blocklists/vectors.json`."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import blocklists
from blocklists.codec import from_json
from blocklists.hostnames import canonical_host, is_ip
from blocklists.index import Index
from blocklists.model import Entry

VECTORS: list[dict[str, Any]] = json.loads(
    Path(blocklists.__file__).with_name("vectors.json").read_text("utf-8")
)
KEYS = {"name", "entries", "lookup", "at", "hits", "rule", "comment"}
USUAL = {
    "scope": "domain_and_subdomains",
    "jurisdiction": "NO",
    "body": "Oslo tingrett",
    "body_kind": "court",
    "recognition_kind": "site_block_injunction",
    "legal_ground": "copyright",
    "status": "active",
    "source": "list",
}


def entry_of(given: dict[str, Any]) -> Entry:
    fields = {**USUAL, "entry_id": given["value"], **given}
    url = fields["scope"] == "url_prefix"
    host = canonical_host(fields["value"])
    assert host
    kind = "url_prefix" if url else "ip" if is_ip(host) else "domain"
    value = fields["value"].partition("://")[2].replace("%2D", "-") if url else host
    return from_json({**fields, "value": value, "value_kind": kind})


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_matching(vector: dict[str, Any]) -> None:
    assert set(vector) <= KEYS
    at = date.fromisoformat(vector.get("at", "2026-11-24"))
    index = Index([entry_of(each) for each in vector["entries"]])
    hits = index.lookup(vector["lookup"], at)
    assert [hit.matched for hit in hits] == vector["hits"]
    if "rule" in vector:
        assert {hit.rule for hit in hits} == {vector["rule"]}
    host = canonical_host(vector["lookup"])
    by_name = [hit for hit in hits if hit.rule != "url_prefix"]
    assert index.is_listed(host or "", at) == bool(by_name)


def test_names_are_unique() -> None:
    assert len({vector["name"] for vector in VECTORS}) == len(VECTORS)

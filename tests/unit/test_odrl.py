"""TDM policies in ODRL: whom to ask, on what conditions (TDMRep report, "Expressing a TDM Policy")."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reservations.readers.odrl import MAX_PERMISSIONS, Contact, in_lines, read_policy

POLICY: dict[str, Any] = {
    "@context": ["http://www.w3.org/ns/odrl.jsonld", "http://www.w3.org/ns/tdmrep.jsonld"],
    "@type": "Offer",
    "profile": "http://www.w3.org/ns/tdmrep",
    "uid": "https://provider.example/policies/policy-a",
    "assigner": {
        "uid": "https://provider.example",
        "vcard:fn": "Provider",
        "vcard:hasEmail": "mailto:contact@provider.example",
        "vcard:hasAddress": {"vcard:street-address": "1 rue", "vcard:country-name": "France"},
        "vcard:hasTelephone": "tel:+331234",
        "vcard:hasURL": "https://provider.example/contact.html",
    },
    "permission": [
        {
            "target": "https://provider.example/research/",
            "action": "tdm:mine",
            "duty": [{"action": "obtainConsent"}, {"action": "compensate"}],
            "constraint": [
                {"leftOperand": "purpose", "operator": "eq", "rightOperand": {"@id": "tdm:non-research"}}
            ],
        }
    ],
}


def _read(policy: object) -> Any:
    return read_policy(policy if isinstance(policy, bytes) else json.dumps(policy).encode())


def test_contact_and_conditions_are_shown() -> None:
    policy = _read(POLICY)
    assert policy.contact == Contact(
        name="Provider",
        email="contact@provider.example",
        telephone="+331234",
        url="https://provider.example/contact.html",
        address="1 rue, France",
    )
    assert list(in_lines(policy)) == [
        "ask: Provider, contact@provider.example, +331234, https://provider.example/contact.html, "
        "1 rue, France",
        "offers mining of https://provider.example/research/, conditions: obtain consent; pay compensation; "
        "purpose eq non-research",
        "uid: https://provider.example/policies/policy-a",
    ]
    assert policy.is_complete


def test_an_assigner_may_be_an_address_alone() -> None:
    assert _read(POLICY | {"assigner": "https://provider.example"}).contact.url == "https://provider.example"


def test_the_line_of_the_uid_is_known() -> None:
    assert _read(json.dumps(POLICY, indent=1).encode()).line == 8


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text.replace('"Offer",', '"Offer"'),
        lambda text: text.replace("}\n ]", "},\n ]"),
        lambda text: "// a comment\n" + text,
    ],
    ids=["missing comma", "comma too many", "comment"],
)
def test_broken_json_shows_whom_to_ask_and_offers_nothing(damage: Any) -> None:
    policy = _read(damage(json.dumps(POLICY, indent=1)).encode())
    assert policy.repaired
    assert policy.contact.email == "contact@provider.example"
    assert not policy.offers("https://provider.example/research/1")


def test_an_offer_ends_where_its_target_does() -> None:
    policy = _read(POLICY)
    assert policy.offers("https://provider.example/research/1")
    assert not policy.offers("https://provider.example/researchers")
    assert not policy.offers("https://provider.example.evil.example/research/1")


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"null", b'"uid"', b"\xff\xfe", b"[" * 5000])
def test_what_is_no_policy_is_none(body: bytes) -> None:
    assert read_policy(body) is None


def test_a_policy_is_bounded() -> None:
    policy = _read(POLICY | {"permission": POLICY["permission"] * 1000, "uid": "u" * 10_000})
    assert len(policy.permissions) == MAX_PERMISSIONS
    assert len(policy.uid) == 300

"""What comes with the package: the curated decisions, the register of sources, and what we say of them."""

from __future__ import annotations

import hashlib
from collections import Counter
from datetime import UTC, date, datetime
from importlib.resources import files

import pytest

from blocklists import wording
from blocklists.curated import CuratedError, curated, manifest
from blocklists.index import Index
from blocklists.links import read_links
from blocklists.model import Confidence, Hit, MatchRule, Status
from blocklists.policy import DEFAULT_STATUSES, EEA, ListPolicy
from blocklists.register import RegisterError, bundled, read_register
from blocklists.snapshot import Snapshot

AT = date(2026, 11, 24)


def test_the_manifest_is_true() -> None:
    listing, known = curated(), manifest()
    data = files("blocklists").joinpath("data", known.file).read_bytes()
    assert listing.sha256 == known.sha256 == hashlib.sha256(data).hexdigest()
    assert len(listing.entries) == known.entries
    assert dict(known.statuses) == Counter(entry.status.value for entry in listing.entries)
    assert sum(row.rows for row in known.left_out) == 69
    for row in known.left_out:
        assert row.origin
        assert row.licence
        assert row.why


def test_damage_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    curated.cache_clear()
    real = files("blocklists").joinpath("data", "curated.jsonl").read_bytes()
    monkeypatch.setattr("blocklists.curated._data", lambda name: real.replace(b'"ES"', b'"FR"', 1))
    with pytest.raises(CuratedError, match="not the file"):
        curated()
    curated.cache_clear()


def test_every_entry_that_counts_has_a_reference_and_a_source() -> None:
    policy = ListPolicy()
    counting = [entry for entry in curated().entries if entry.status in DEFAULT_STATUSES]
    assert len(counting) == 31
    for entry in counting:
        assert entry.decision_ref, entry.entry_id
        assert entry.source_url.startswith(("http://", "https://")), entry.entry_id
        assert entry.confidence is Confidence.HIGH, entry.entry_id
        assert not policy.objection(entry, AT), entry.entry_id
        assert wording.may_be_shown(entry)


def test_every_entry_cites_and_lies_in_the_eea() -> None:
    for entry in curated().entries:
        assert entry.source_url
        assert entry.jurisdiction in EEA
        assert entry.known_from == datetime(2026, 11, 24, tzinfo=UTC)
        assert "github.com/citizenlab" not in entry.source_url
        assert "CuiiListe" not in entry.source_url


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("openlibrary.org", "paused"),
        ("giardiniblog.it", "annulled"),
        ("sputniknews.lt", "lifted"),
        ("subs4series.com", "rejected"),
        ("h33t.to", "reversed"),
        ("lgmag.org", "delisted"),
        ("rarbg.unblockall.org", "expired"),
        ("mail.ru", "unverified"),
        ("mega.co.nz", "unverified"),
        ("torrentz.eu", "unverified"),
    ],
)
def test_negative_cases(host: str, status: str) -> None:
    index = Index(curated().entries)
    assert not index.lookup(host, AT)
    assert status in {hit.entry.status for hit in index.mentions(host)}


def test_a_reversed_decision_held_until_it_was_reversed() -> None:
    index = Index(curated().entries)
    listed = [index.is_listed("1337x.to", day) for day in (date(2015, 11, 19), date(2015, 11, 20))]
    assert listed == [False, True]
    assert index.is_listed("1337x.to", date(2016, 5, 29))
    assert not index.is_listed("1337x.to", date(2016, 5, 30))


def test_a_host_below_never_condemns_its_parent() -> None:
    index = Index(curated().entries)
    assert index.lookup("mw.nimitv.net", AT)
    assert not index.lookup("nimitv.net", AT)


class TestRegister:
    def test_it_is_ready_for_the_list_of_links(self) -> None:
        entry = bundled()["eu_links"]
        assert (entry.format, entry.jurisdiction, entry.fetched) == ("links", "EU", False)

    def test_every_source_says_who_and_under_which_licence(self) -> None:
        for source in bundled().values():
            assert source.publisher
            assert source.jurisdiction in EEA | {"EU"}
            assert source.licence or source.access == "unpublished" or source.name == "dk_rettigheder"
            assert not source.url or source.url.startswith("https://")

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ("[[source]]\n", "no name"),
            ("source = 7", r"\[\[source\]\]"),
            ("x", "not TOML"),
            ('[[source]]\nname="a"\n', "missing"),
            ('[[source]]\nname="a"\ncolour="red"\n', "no setting 'colour'"),
        ],
    )
    def test_errors(self, text: str, reason: str) -> None:
        with pytest.raises(RegisterError, match=reason):
            read_register(text)

    def test_an_own_entry(self) -> None:
        text = """[[source]]
name = "own"
title = "t"
publisher = "p"
jurisdiction = "NO"
format = "csv_table"
trust = "official"
access = "public"
cadence_days = 1
licence = "l"
url = "https://lists.example.org/a.csv"
columns = {value = "Domene"}
"""
        source = read_register(text)["own"]
        assert source.fetched
        assert source.defaults().columns == (("value", "Domene"),)
        for broken in (
            text.replace("csv_table", "xls"),
            text.replace("https:", "ftp:"),
            text.replace("cadence_days = 1", "cadence_days = 0"),
            text.replace('trust = "official"', 'trust = "rumour"'),
            text + text,
        ):
            with pytest.raises(RegisterError):
                read_register(broken)


def test_links_of_the_announced_page() -> None:
    page = b"""<a href="https://www.arcom.fr/">Arcom</a> <a href="/own">here</a> <a href="mailto:x@y.eu">m</a>
    <a href="https://lists.finland-one.fi/a.csv">Finland</a><a href="http://[">broken</a>"""
    links = read_links(page, "https://eu-page.europa.eu/x", bundled().values())
    assert [(link.url, link.known) for link in links] == [
        ("https://www.arcom.fr/", "fr_arcom"),
        ("https://lists.finland-one.fi/a.csv", ""),
    ]


def test_words_are_neutral_and_only_high_confidence_is_shown() -> None:
    (entry,) = (e for e in curated().entries if e.entry_id == "it-agcom-185-20-nimitv.com")
    hit = Hit(entry=entry, matched=entry.value, rule=MatchRule.EXACT_HOST)
    assert wording.public_sentence(hit) == (
        "not visited: named in Delibera 185/20/CONS, AGCOM, 2020-05-13; "
        "recorded status in force, term unknown"
    )
    unsure = next(e for e in curated().entries if e.confidence is Confidence.LOW)
    said = wording.public_sentence(Hit(entry=unsure, matched=unsure.value, rule=MatchRule.EXACT_HOST))
    assert unsure.body not in said
    texts = [wording.named_in(e) for e in curated().entries] + [said]
    for text in texts:
        assert not {"pirate", "illegal", "infring", "criminal"} & set(text.lower().split())
    for status in Status:
        assert wording.status_words(status)


def test_a_way_off_for_everybody() -> None:
    for entry in curated().entries:
        ways = wording.ways_off(entry, contact="crawler@example.org")
        assert entry.body in ways[0]
        assert "crawler@example.org" in ways[-1]


def test_the_set_with_the_curated_list_has_a_stable_id() -> None:
    assert Snapshot((curated(),)).set_id == Snapshot((curated(),)).set_id

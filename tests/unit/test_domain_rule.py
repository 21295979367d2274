"""The domain rule of the training summary: how many domains, by what size, under which name."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crawler.reports.domain_rule import how_many, modality, public_suffix_list, ranked
from crawler.store.queries.domains import KeptOf
from tests.record_tools import START


def kept(domain: str, size: int, media_type: str = "text/html", day: int = 0) -> KeptOf:
    when = START + timedelta(days=day)
    return KeptOf(
        domain=domain, media_type=media_type, documents=1, copies=0, bytes=size, first=when, last=when
    )


def top(*rows: KeptOf, small: bool = False, of: str = "all") -> list[tuple[int, str, str, int]]:
    return [
        (rank, one.domain, one.site, one.bytes)
        for name, rank, one in ranked(rows, small=small).top()
        if name == of
    ]


@pytest.mark.parametrize(
    ("domains", "all_providers", "small_ones"),
    [(0, 0, 0), (1, 1, 1), (10, 1, 1), (11, 2, 1), (30, 3, 2), (20_000, 2000, 1000), (20_001, 2001, 1000)],
)
def test_the_number_is_rounded_up_and_small_providers_have_a_ceiling(
    domains: int, all_providers: int, small_ones: int
) -> None:
    assert how_many(domains, small=False) == all_providers
    assert how_many(domains, small=True) == small_ones


def test_domains_are_ranked_by_bytes() -> None:
    rows = [kept(f"d{n}.org", 100 - n) for n in range(30)]
    assert top(*rows) == [(1, "d0.org", "", 100), (2, "d1.org", "", 99), (3, "d2.org", "", 98)]
    assert len(top(*rows, small=True)) == 2


def test_ties_at_the_end_are_included() -> None:
    rows = [kept("big.org", 9), *(kept(f"d{n}.org", 5) for n in range(19))]
    assert [domain for _, domain, _, _ in top(*rows)] == ["big.org", *sorted(f"d{n}.org" for n in range(19))]


def test_a_platform_is_one_domain_and_each_of_its_sites() -> None:
    rows = [kept("anna.github.io", 7), kept("bert.github.io", 9), kept("example.co.uk", 1)]
    assert top(*rows) == [
        (1, "github.io", "", 16),
        (1, "github.io", "bert.github.io", 9),
        (1, "github.io", "anna.github.io", 7),
    ]


def test_a_second_level_suffix_is_no_domain() -> None:
    assert top(kept("example.co.uk", 1)) == [(1, "example.co.uk", "", 1)]


def test_an_address_stands_for_itself() -> None:
    assert top(kept("192.0.2.1", 1)) == [(1, "192.0.2.1", "", 1)]


def test_each_modality_is_ranked_by_itself() -> None:
    rows = [kept("words.org", 9), kept("pictures.org", 5, "image/png"), kept("words.org", 1, "image/png")]
    assert top(*rows, of="image") == [(1, "pictures.org", "", 5)]
    assert top(*rows) == [(1, "words.org", "", 10)]
    assert list(ranked(rows).totals) == ["all", "text", "image"]


def test_times_reach_from_the_first_to_the_last() -> None:
    held = ranked([kept("a.org", 1, day=3), kept("a.org", 1, "image/png", day=1)]).held["all"]["a.org"]
    assert (held.first, held.last) == (START + timedelta(days=1), START + timedelta(days=3))


@pytest.mark.parametrize(
    ("media_type", "name"),
    [
        ("text/html", "text"), ("application/pdf", "text"), ("application/ld+json", "text"),
        ("application/atom+xml", "text"), ("image/svg+xml", "text"), ("image/jpeg", "image"),
        ("audio/ogg", "audio"), ("video/mp4", "video"), ("application/zip", "other"), ("", "other"),
    ],
)  # fmt: skip
def test_modalities(media_type: str, name: str) -> None:
    assert modality(media_type) == name


def test_the_suffix_list_is_named() -> None:
    assert public_suffix_list().startswith("version 20")


def test_nothing_kept_is_no_error() -> None:
    assert top() == []
    assert ranked([]).totals == {}

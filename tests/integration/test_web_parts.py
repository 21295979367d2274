"""Small parts of the site: hostile text, excerpts, limits, charts, languages."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.store.limits import open_limits
from crawler.web.charts import Lane, columns, lanes_chart, nice, steps
from crawler.web.evidence_view import MAX_INLINE, excerpt
from crawler.web.hostile import hostile, plain, prose
from crawler.web.language import language
from crawler.web.limits import Limiter, Rate, network_of

ENGLISH = language("en")
WHEN = datetime(2026, 3, 2, 6, 12, tzinfo=UTC)


@given(st.text(alphabet=st.characters(codec=None)))
def test_hostile_text_is_text_whatever_it_holds(text: str) -> None:
    shown = hostile(text)
    assert "<" not in re.sub(r'</?span(?: class="ctl" title="[a-z0-9 ()-]+")?>', "", shown)
    assert not re.search("[\x00-\x08\x0a-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", shown)
    ElementTree.fromstring(f"<p>{shown}</p>")
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]", plain(text))


@given(st.binary(max_size=20_000), st.dictionaries(st.integers(-5, 3000), st.just(ENGLISH.say("Here."))))
def test_any_bytes_make_a_bounded_excerpt(content: bytes, deciding: dict[int, object]) -> None:
    for context in (None, 4):
        part = excerpt(content, deciding, context=context)  # type: ignore[arg-type]
        assert len("".join(line.text for line in part.lines)) < 30 * MAX_INLINE
        numbers = [line.number for line in part.lines if not line.gap]
        assert numbers == sorted(set(numbers))


def test_a_deciding_line_far_away_is_shown_with_its_neighbours() -> None:
    part = excerpt(b"a\n" * 5000, {4000: ENGLISH.say("Here.")})
    assert [line.number for line in part.lines] == list(range(3996, 4005))
    assert (part.first, part.last, part.total) == (3996, 4004, 5000)


def test_words_between_backticks_are_code() -> None:
    assert prose("write `<b>` so") == "write <code>&lt;b&gt;</code> so"


def test_numbers_and_dates_of_each_language() -> None:
    german = language("de")
    assert (ENGLISH.number(1204), german.number(1204)) == ("1,204", "1.204")
    assert (ENGLISH.percent(62, 100), german.percent(62, 100)) == ("62%", "62\u00a0%")
    assert (ENGLISH.size(134), german.size(134)) == ("134\u00a0bytes", "134\u00a0Bytes")
    assert (ENGLISH.size(2140), german.size(2140)) == ("2.1\u00a0KB", "2,1\u00a0KB")
    assert ">2.\u00a0März\u00a02026<" in german.day(WHEN)
    assert ">2\u00a0Mar 2026, 06:12\u00a0UTC<" in ENGLISH.short_minute(WHEN)


def test_what_stands_in_a_sentence_is_escaped() -> None:
    assert ENGLISH.say("<strong>%(x)s</strong>", x="<b>") == "<strong>&lt;b&gt;</strong>"


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:0:1ff::7", "2001:db8:0:100::/56"),
        ("nonsense", "unknown"),
    ],
)
def test_addresses_count_by_their_network(address: str, network: str) -> None:
    assert network_of(address) == network


def test_a_bucket_fills_again_with_time(tmp_path: Path) -> None:
    now = [0.0]
    limits = open_limits(f"sqlite:///{tmp_path / 'forbear.db'}", tmp_path)
    limiter = Limiter({"a": (Rate(2, 60), Rate(3, 3600))}, limits, lambda: now[0])
    assert [limiter.wait("a", "192.0.2.1") for _ in range(3)] == [0, 0, 30]
    assert limiter.wait("a", "198.51.100.1") == 0
    now[0] = 60
    assert limiter.wait("a", "192.0.2.200") == 0
    assert limiter.wait("a", "192.0.2.1") > 1000


def test_charts_are_well_formed_and_without_styles() -> None:
    lane = Lane(label="<b>&", tone="out", start=WHEN, end=WHEN)
    drawn = (
        lanes_chart([lane], WHEN, WHEN, ENGLISH, title="<t>", description="d"),
        columns([0, 3, 5], 5, "out", title="t", description="d", labels=("a", "b")),
        steps([1, 0, 7], unit="an hour", title="t", description="d", labels=("a", "b", "c"), speech=ENGLISH),
    )
    for chart in drawn:
        root = ElementTree.fromstring(chart)
        assert root.get("role") == "img"
        assert root.find("title") is not None
        assert "style=" not in chart


def test_a_scale_ends_on_a_round_number() -> None:
    assert [nice(n) for n in (0, 1, 3, 7, 40, 41, 148)] == [1, 1, 4, 10, 40, 50, 200]

"""Column types: whatever text comes in goes in, sorts, and comes out again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import postgresql, sqlite

from crawler.store.columns import Hostile, Moment, iso, restored, storable

ANY_TEXT = st.text(st.characters() | st.sampled_from("\0\\x0ud8f\ud800\udc80\udfff"))


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("plain", "plain"),
        ("ünïcode", "ünïcode"),
        ("a\0b", "a\\x00b"),
        ("a\udc80b", "a\\udc80b"),
        ("C:\\dir", "C:\\dir"),
        ("\\x00", "\\\\x00"),
        ("\\\0", "\\\\\\x00"),
    ],
)
def test_what_no_database_can_hold_is_spelled_out(text: str, stored: str) -> None:
    assert storable(text) == stored
    assert restored(stored) == text


@given(ANY_TEXT)
def test_escaping_loses_nothing_and_leaves_nothing_unstorable(text: str) -> None:
    stored = storable(text)
    assert "\0" not in stored
    stored.encode("utf-8")
    assert restored(stored) == text


@given(ANY_TEXT, ANY_TEXT)
def test_different_texts_stay_different(one: str, other: str) -> None:
    assert (storable(one) == storable(other)) == (one == other)


def test_hostile_text_is_bounded_and_says_so() -> None:
    stored = Hostile(10).process_bind_param("x" * 50, sqlite.dialect())
    assert stored == "x" * 9 + "…"


def test_a_time_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="without zone"):
        Moment().process_bind_param(datetime(2026, 11, 24), sqlite.dialect())  # noqa: DTZ001


def test_times_are_utc_of_fixed_width_and_come_back_aware() -> None:
    local = datetime(2026, 11, 24, 6, 35, tzinfo=timezone(timedelta(hours=1)))
    text = Moment().process_bind_param(local, sqlite.dialect())
    assert text == "2026-11-24T05:35:00.000000Z"
    back = Moment().process_result_value(text, sqlite.dialect())
    assert back == local
    assert back is not None
    assert back.tzinfo is UTC
    kept = Moment().process_result_value(local, postgresql.dialect())
    assert kept is not None
    assert kept.tzinfo is UTC


@given(st.datetimes(timezones=st.timezones()), st.datetimes(timezones=st.timezones()))
def test_text_of_times_sorts_as_the_times_do(one: datetime, other: datetime) -> None:
    try:
        pair = (one.astimezone(UTC), other.astimezone(UTC))
    except OverflowError:
        return
    assert (iso(one) < iso(other)) == (pair[0] < pair[1])

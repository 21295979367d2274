"""What the index keeps, and what the policy makes of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from blocklists.index import Index
from blocklists.model import BodyKind, Entry, RecognitionKind, Scope, Status, ValueKind, derived_id
from blocklists.policy import ListPolicy, justification

AT = date(2026, 11, 24)
ORDER = Entry(
    entry_id="no-1",
    value="film-one.com",
    value_kind=ValueKind.DOMAIN,
    scope=Scope.DOMAIN_AND_SUBDOMAINS,
    jurisdiction="NO",
    body="Oslo tingrett",
    body_kind=BodyKind.COURT,
    recognition_kind=RecognitionKind.SITE_BLOCK_INJUNCTION,
    legal_ground="copyright",
    source="oslo",
    decision_ref="00-1/00",
    decided_on=date(2016, 6, 22),
    note="a note",
    listed_as="Film-One.com",
    retrieved_at=datetime(2026, 11, 24, tzinfo=UTC),
)


def test_an_entry_comes_back_as_it_went_in() -> None:
    plain = replace(
        ORDER,
        entry_id=derived_id("oslo", ORDER.scope, "film-two.com"),
        value="film-two.com",
        note="",
        listed_as="",
    )
    prefix = replace(
        ORDER,
        entry_id="p",
        value="folders-one.com/f/x",
        scope=Scope.URL_PREFIX,
        value_kind=ValueKind.URL_PREFIX,
    )
    index = Index([ORDER, plain, prefix], digests={"oslo": "ab" * 32})
    assert len(index) == 3
    for entry in (ORDER, plain, prefix):
        (hit,) = index.lookup(entry.value, AT)
        assert hit.entry == entry
        assert hit.snapshot == "ab" * 32
        assert hit.code == "blocklist.oslo"


def test_a_hit_says_who_named_the_site() -> None:
    assert ORDER.named_in == "named in 00-1/00, Oslo tingrett, 2016-06-22"
    bare = replace(ORDER, decision_ref="", decided_on=None)
    assert bare.named_in == "named in a decision without a published reference, Oslo tingrett"


def test_several_decisions_may_name_a_site() -> None:
    index = Index([ORDER, replace(ORDER, entry_id="se-1", jurisdiction="SE")])
    assert [hit.entry.entry_id for hit in index.lookup("www.film-one.com", AT)] == ["no-1", "se-1"]


def test_mentions_shows_what_does_not_count_and_why() -> None:
    lifted = replace(ORDER, status=Status.LIFTED)
    index = Index([lifted])
    assert not index.lookup("film-one.com", AT)
    (hit,) = index.mentions("film-one.com")
    assert index.policy.objection(hit.entry, AT) == "its status is lifted"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, ""),
        ({"legal_ground": "gambling"}, "not copyright but gambling"),
        ({"legal_ground": ""}, "unknown"),
        ({"jurisdiction": "US"}, "jurisdiction US"),
        ({"recognition_kind": RecognitionKind.WATCH_LIST}, "no findings"),
        ({"valid_from": date(2027, 1, 1)}, "only from 2027-01-01"),
        ({"valid_to": date(2020, 1, 1)}, "only until 2020-01-01"),
    ],
)
def test_objections(change: dict[str, object], words: str) -> None:
    objection = ListPolicy().objection(replace(ORDER, **change), AT)  # type: ignore[arg-type]
    assert words in objection
    assert bool(words) == bool(objection)


def test_a_jurisdiction_can_be_switched_off() -> None:
    index = Index([ORDER], policy=ListPolicy(jurisdictions=frozenset({"DE"})))
    assert not index.is_listed("film-one.com", AT)


def test_a_kind_can_be_switched_on() -> None:
    entry = replace(ORDER, recognition_kind=RecognitionKind.LIVE_EVENT)
    assert Index([entry], policy=ListPolicy(kinds=frozenset(RecognitionKind))).is_listed("film-one.com", AT)


def test_a_time_is_taken_as_its_day_in_utc() -> None:
    index = Index([replace(ORDER, valid_to=date(2026, 11, 24))])
    evening = datetime(2026, 11, 24, 23, 30, tzinfo=timezone(timedelta(hours=-5)))
    assert not index.is_listed("film-one.com", evening)
    assert index.is_listed("film-one.com", datetime(2026, 11, 24, 23, 30, tzinfo=UTC))


def test_every_kind_has_a_justification() -> None:
    assert all(justification(kind) for kind in RecognitionKind)


def test_a_single_label_put_in_by_hand_is_found() -> None:
    index = Index([replace(ORDER, value="intranet")])
    assert index.is_listed("wiki.intranet", AT)
    assert index.lookup("http://intranet/", AT)


def test_an_empty_index_lists_nothing() -> None:
    assert not Index([]).is_listed("film-one.com", AT)
    assert Index([]).lookup("https://film-one.com/", AT) == ()

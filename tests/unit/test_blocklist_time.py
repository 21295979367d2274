"""Two times, status history, versions that follow each other, exemptions and switches."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from blocklists.codec import EntryError, dumps, from_json, loads
from blocklists.defaults import Defaults
from blocklists.index import Index
from blocklists.model import (
    OVERRIDES,
    BodyKind,
    Entry,
    RecognitionKind,
    Scope,
    Status,
    StatusChange,
    ValueKind,
)
from blocklists.policy import ListPolicy
from blocklists.snapshot import Listing, Snapshot, compare, parse
from blocklists.sources import hosts
from blocklists.succession import confirmed, first_known, named, succeed

THEN = datetime(2026, 11, 1, 10, tzinfo=UTC)
LATER = THEN + timedelta(days=7)
LAST = THEN + timedelta(days=14)
STATED = Defaults(
    source="a", legal_ground="copyright", jurisdiction="AT", body="HG Wien", decision_ref="1/15"
)

CHAIN = (
    StatusChange(status=Status.ACTIVE, on=date(2015, 11, 20), known_at=THEN),
    StatusChange(status=Status.REVERSED, on=date(2016, 5, 30), known_at=LATER, reason="4 R 7/16"),
    StatusChange(status=Status.ACTIVE, on=date(2017, 10, 24), known_at=LAST, reason="4 Ob 121/17"),
)


def entry(**fields: object) -> Entry:
    usual: dict[str, object] = {
        "entry_id": "x",
        "value": "film-one.com",
        "value_kind": ValueKind.DOMAIN,
        "scope": Scope.DOMAIN_AND_SUBDOMAINS,
        "jurisdiction": "AT",
        "body": "HG Wien",
        "body_kind": BodyKind.COURT,
        "recognition_kind": RecognitionKind.SITE_BLOCK_INJUNCTION,
        "legal_ground": "copyright",
        "source": "a",
        "status": Status.ACTIVE,
    }
    return Entry(**{**usual, **fields})  # type: ignore[arg-type]


def listing(text: str, when: datetime) -> Listing:
    data = text.encode()
    parsed = hosts.parse(data, replace(STATED, retrieved_at=when))
    return Listing.of(data, name="a", format="hosts", retrieved_at=when, entries=parsed.entries)


class TestHistory:
    def test_effective_intervals_have_gaps(self) -> None:
        index = Index([entry(history=CHAIN, decided_on=date(2015, 11, 20))])
        days = {
            date(2015, 11, 19): False,
            date(2015, 11, 20): True,
            date(2016, 5, 30): False,
            date(2017, 10, 23): False,
            date(2017, 10, 24): True,
        }
        assert {day: index.is_listed("film-one.com", day) for day in days} == days

    def test_what_we_knew_when(self) -> None:
        known = entry(history=CHAIN, known_from=THEN)
        assert known.as_known(THEN - timedelta(seconds=1)) is None
        early, middle = known.as_known(THEN), known.as_known(LATER)
        assert early is not None
        assert middle is not None
        assert (early.status, middle.status) == (Status.ACTIVE, Status.REVERSED)
        # We believed in November that it was still in force in 2017; now we know better, and of when.
        assert early.status_on(date(2017, 1, 1)) is Status.ACTIVE
        assert middle.status_on(date(2017, 1, 1)) is Status.REVERSED

    def test_a_step_without_a_day_holds_for_all_days(self) -> None:
        steps = (CHAIN[0], StatusChange(status=Status.LIFTED))
        assert entry(history=steps, status=Status.LIFTED).status_on(date(2016, 1, 1)) is Status.LIFTED

    def test_it_round_trips_and_old_lines_stay_as_they_were(self) -> None:
        full = entry(history=CHAIN, known_from=THEN, known_to=LAST)
        assert from_json(loads(dumps(full))) == full
        assert "history" not in dumps(entry())
        assert "known" not in dumps(entry())

    @pytest.mark.parametrize(
        ("history", "reason"),
        [
            ("x", "not a list"),
            ([7], "no change of status"),
            ([{"on": "2016-01-01"}], "no change of status"),
            ([{"status": "gone"}], "status is none of"),
            ([{"status": "active", "on": "soon"}], "on is not an ISO 8601 date"),
            ([{"status": "active", "colour": "red"}], "unknown key"),
            ([{"status": "reversed"}], "last step"),
        ],
    )
    def test_broken_histories(self, history: object, reason: str) -> None:
        with pytest.raises(EntryError, match=reason):
            from_json({**loads(dumps(entry())), "history": history})


class TestSuccession:
    def test_what_is_dropped_is_closed_and_never_forgotten(self) -> None:
        one = first_known(listing("film-one.com\nfilm-two.com\n", THEN))
        two = succeed(one, listing("film-two.com\nfilm-three.com\n", LATER))
        found = {each.value: each for each in two.entries}
        assert set(found) == {"film-one.com", "film-two.com", "film-three.com"}
        gone = found["film-one.com"]
        assert (gone.status, gone.known_from, gone.known_to) == (Status.DELISTED, THEN, LATER)
        assert gone.history[-1].reason == "the list no longer names it"
        assert gone.history[-1].evidence == two.sha256
        assert (found["film-two.com"].known_from, found["film-three.com"].known_from) == (THEN, LATER)
        assert [each.value for each in named(two)] == ["film-three.com", "film-two.com"]
        index = Snapshot((two,)).index()
        assert index.is_listed("film-one.com", THEN)
        assert not index.is_listed("film-one.com", LATER)

    def test_what_comes_back_is_in_force_again(self) -> None:
        one = first_known(listing("film-one.com\n", THEN))
        two = succeed(one, listing("film-two.com\n", LATER))
        three = succeed(two, listing("film-one.com\nfilm-two.com\n", LAST))
        back = next(each for each in three.entries if each.value == "film-one.com")
        assert (back.status, back.known_from, back.known_to) == (Status.TERM_UNKNOWN, THEN, None)
        assert [step.status for step in back.history] == ["term_unknown", "delisted", "term_unknown"]
        index = Snapshot((three,)).index()
        listed = [index.is_listed("film-one.com", moment) for moment in (THEN, LATER, LAST)]
        assert listed == [True, False, True]

    def test_closing_twice_changes_nothing(self) -> None:
        one = first_known(listing("film-one.com\n", THEN))
        two = succeed(one, listing("film-two.com\n", LATER))
        three = succeed(two, listing("film-two.com\n", LAST))
        assert {e.value: e for e in three.entries}["film-one.com"].known_to == LATER

    def test_the_same_list_again_is_the_same_set(self) -> None:
        one = succeed(None, listing("film-one.com\n", THEN))
        two = succeed(one, listing("film-one.com\n", LATER))
        assert Snapshot((one,)).set_id == Snapshot((two,)).set_id
        assert Snapshot((confirmed(one, LAST),)).set_id == Snapshot((one,)).set_id
        assert parse(Snapshot((two,)).serialise()) == Snapshot((two,))

    def test_an_alarm_looks_at_what_is_named_now(self) -> None:
        one = first_known(listing("".join(f"film-{n}.com\n" for n in range(10)), THEN))
        two = succeed(one, listing("".join(f"film-{n}.com\n" for n in range(1, 10)), LATER))
        assert not compare(two, listing("".join(f"film-{n}.com\n" for n in range(1, 10)), LAST)).alarm
        swapped = listing("".join(f"tv-{n}.com\n" for n in range(9)), LAST)
        assert compare(two, swapped).alarm == "a went from 9 names to 9 (9 gone, 9 new)"
        grown = listing("".join(f"film-{n}.com\n" for n in range(1, 40)), LAST)
        assert compare(two, grown).alarm
        assert not compare(two, listing("".join(f"film-{n}.com\n" for n in range(1, 15)), LAST)).alarm
        empty = listing("", LAST)
        assert compare(empty, empty).alarm == "a holds no name"


class TestOverrides:
    def override(self, host: str, **fields: object) -> Entry:
        return entry(
            entry_id=f"override/{host}",
            value=host,
            source=OVERRIDES,
            status=Status.EXCEPTED,
            recognition_kind=RecognitionKind.UNKNOWN,
            body_kind=BodyKind.OPERATOR,
            **fields,
        )

    def test_it_holds_against_every_list_as_far_as_it_is_specific(self) -> None:
        entries = [entry(), entry(entry_id="y", source="b"), entry(entry_id="z", value="cdn.film-one.com")]
        index = Index([*entries, self.override("film-one.com")])
        assert not index.is_listed("film-one.com", THEN)
        assert not index.is_listed("www.film-one.com", THEN)
        assert index.is_listed("cdn.film-one.com", THEN)
        assert index.is_listed("film-one.com.other.net", THEN) is False

    def test_it_exempts_below_and_not_above(self) -> None:
        index = Index([entry(), self.override("blog.film-one.com")])
        assert not index.is_listed("blog.film-one.com", THEN)
        assert index.is_listed("film-one.com", THEN)

    def test_it_ends_on_its_day(self) -> None:
        index = Index([entry(), self.override("film-one.com", valid_to=date(2026, 11, 2))])
        assert not index.is_listed("film-one.com", date(2026, 11, 2))
        assert index.is_listed("film-one.com", date(2026, 11, 3))


class TestSwitches:
    def test_on_and_off_everywhere_or_in_one_state(self) -> None:
        live = entry(recognition_kind=RecognitionKind.LIVE_EVENT)
        usual = ListPolicy()
        assert usual.objection(live, THEN).startswith("live_event is switched off: blocks for the length")
        assert not usual.switched(["live_event"]).objection(live, THEN)
        assert not usual.switched(["live_event:at"]).objection(live, THEN)
        assert usual.switched(["live_event:IT"]).objection(live, THEN)
        assert usual.switched(ignore=["site_block_injunction:AT"]).objection(entry(), THEN)
        assert not usual.switched(ignore=["site_block_injunction:DE"]).objection(entry(), THEN)
        assert usual.switched(ignore=["site_block_injunction"]).objection(entry(), THEN)

    @pytest.mark.parametrize("text", ["rumour", "live_event:ITA", "live_event:7", ""])
    def test_what_may_be_written(self, text: str) -> None:
        with pytest.raises(ValueError, match="kinds are structural_infringement"):
            ListPolicy().switched([text])

    def test_unverified_never_counts(self) -> None:
        assert ListPolicy().objection(entry(status=Status.UNVERIFIED), THEN) == "its status is unverified"

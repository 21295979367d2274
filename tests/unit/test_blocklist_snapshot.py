"""Snapshots: the same lists give the same bytes, and damage is noticed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from blocklists.defaults import Defaults
from blocklists.snapshot import Listing, Snapshot, SnapshotError, compare, parse
from blocklists.sources import hosts

THEN = datetime(2026, 11, 24, 10, tzinfo=UTC)
LATER = datetime(2026, 11, 25, 10, tzinfo=UTC)


def listing(name: str, data: bytes, when: datetime = THEN) -> Listing:
    stated = Defaults(
        source=name, legal_ground="copyright", jurisdiction="NO", body="Oslo tingrett", retrieved_at=when
    )
    parsed = hosts.parse(data, stated)
    return Listing.of(
        data,
        name=name,
        format="hosts",
        retrieved_at=when,
        entries=parsed.entries,
        rejected=len(parsed.rejected),
    )


def test_it_reads_back_what_it_writes() -> None:
    snapshot = Snapshot((listing("b", b"film-two.com\nfilm-one.com\ncom\n"), listing("a", b"film-one.com\n")))
    data = snapshot.serialise()
    assert parse(data) == snapshot
    assert parse(data).serialise() == data
    assert [each.name for each in snapshot.listings] == ["a", "b"]
    assert snapshot.listings[1].rejected == 1


def test_the_order_of_lists_and_lines_does_not_matter() -> None:
    one, two = listing("a", b"film-one.com\n"), listing("b", b"film-two.com\n")
    assert Snapshot((one, two)).serialise() == Snapshot((two, one)).serialise()


def test_the_set_id_names_the_lists_and_not_when_they_were_fetched() -> None:
    first = Snapshot((listing("a", b"film-one.com\n"),))
    assert first.set_id == Snapshot((listing("a", b"film-one.com\n", LATER),)).set_id
    assert first.set_id != Snapshot((listing("a", b"film-two.com\n"),)).set_id
    assert first.set_id != Snapshot((listing("b", b"film-one.com\n"),)).set_id
    assert len(Snapshot().set_id) == 64


def test_a_list_takes_the_place_of_its_forerunner() -> None:
    snapshot = Snapshot((listing("a", b"film-one.com\n"),)).with_listing(listing("a", b"film-two.com\n"))
    assert [entry.value for entry in snapshot.entries()] == ["film-two.com"]
    with pytest.raises(SnapshotError, match="each source once"):
        Snapshot((listing("a", b""), listing("a", b"")))


def test_a_hit_names_the_raw_list() -> None:
    snapshot = Snapshot((listing("a", b"film-one.com\n"),))
    (hit,) = snapshot.index().lookup("film-one.com", THEN)
    assert hit.snapshot == snapshot.listings[0].sha256


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: b"{}",
        lambda data: data[:-20],
        lambda data: data.replace(b"film-one.com", b"film-six.com"),
        lambda data: data + data,
        lambda data: data.replace(b'"entries":1', b'"entries":2'),
        lambda data: data.replace(b'"lists":1', b'"lists":"x"'),
        lambda data: data.replace(b'"rejected":0,', b""),
    ],
)
def test_damage(damage: object) -> None:
    data = Snapshot((listing("a", b"film-one.com\n"),)).serialise()
    with pytest.raises(SnapshotError):
        parse(damage(data))  # type: ignore[operator]


def test_a_list_that_shrinks_raises_the_alarm() -> None:
    before = listing("a", b"".join(b"film-%d.com\n" % number for number in range(10)))
    after = listing("a", b"film-1.com\nfilm-11.com\n")
    change = compare(before, after)
    assert change.alarm == "a went from 10 names to 2"
    assert change.added == ("film-11.com",)
    assert len(change.removed) == 9
    assert not compare(before, before).alarm

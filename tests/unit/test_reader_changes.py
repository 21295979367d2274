"""The list of reader changes: numbered without gaps, about protocols there are, and used where it fits."""

from __future__ import annotations

from datetime import date

import pytest

from crawler.software import SOFTWARE, readers_of
from reservations.model import Effect, Reason
from reservations.protocols import discover
from reservations.reader_changes import EVERY, explaining, reader_changes, reader_version


def reason(code: str, **more: str) -> Reason:
    return Reason(code=code, effect=Effect.EXCLUDE, protocol=code.partition(".")[0], **more)


def test_changes_are_numbered_without_gaps_in_the_order_of_their_days() -> None:
    changes = reader_changes()
    assert [c.version for c in changes] == list(range(1, len(changes) + 1))
    days = [date.fromisoformat(c.since) for c in changes]
    assert days == sorted(days)
    assert {c.protocol for c in changes} <= {EVERY, *(p.name for p in discover())}
    assert all(c.changed.endswith(".") for c in changes)


def test_a_crawl_records_the_version_of_its_readers() -> None:
    assert readers_of(SOFTWARE) == reader_version() == reader_changes()[-1].version


@pytest.mark.parametrize(
    "software", ["Forbear/0.1.0", "", "readers/4", "Forbear/1 readers/x", "a readers/4 b"]
)
def test_a_name_without_the_version_counts_as_older_than_all(software: str) -> None:
    assert readers_of(software) == 0


def test_only_changes_since_and_of_the_protocols_concerned_explain() -> None:
    gone, same = reason("robots.disallow"), reason("noai.meta")
    robots = next(c for c in reader_changes() if c.protocol == "robots")
    assert explaining(robots.version - 1, [gone, same], [same]) == (robots,)
    assert explaining(robots.version, [gone, same], [same]) == ()
    assert explaining(reader_version(), [gone], []) == ()
    assert explaining(robots.version - 1, [same], [same]) == ()


def test_a_change_explains_further_codes_by_their_dotted_beginning() -> None:
    rsl = next(c for c in reader_changes() if c.protocol == "rsl")
    assert rsl.explains(reason("error.evidence_missing"))
    assert not rsl.explains(reason("error.evidence_missing_too"))
    assert rsl in explaining(rsl.version - 1, [], [reason("error.evidence_missing")])

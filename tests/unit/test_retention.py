"""What holds cover, and the record that stands in a WARC file in the place of a removed one."""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest
from fastwarc.warc import ArchiveIterator as FastIterator
from hypothesis import given, settings
from hypothesis import strategies as st
from warcio.archiveiterator import ArchiveIterator

from crawler.log.entries import entry_of_removal, redacted_positions
from crawler.retention.holds import About, Hold, HoldKind, covers, held_by
from crawler.retention.model import Candidate, Item, What, digest_of, survey
from crawler.store.warc import Notice, WarcIntegrityError, is_redaction, overwrite, parse_member
from crawler.store.warc.redacting import redaction_member

NOW = datetime(2026, 11, 24, tzinfo=UTC)
NOTICE = Notice(redaction=7, removed_at=NOW, reason="court order", sha256="ab" * 32)


def hold(kind: HoldKind, subject: str, number: int = 1) -> Hold:
    return Hold(id=number, kind=kind, subject=subject, reason="r", placed_by="x", placed_at=NOW)


@pytest.mark.parametrize(
    ("kind", "subject", "about", "expected"),
    [
        (HoldKind.DOMAIN, "example.org", About(host="example.org"), True),
        (HoldKind.DOMAIN, "example.org", About(host="www.example.org"), True),
        (HoldKind.DOMAIN, "example.org", About(host="badexample.org"), False),
        (HoldKind.DOMAIN, "www.example.org", About(host="example.org"), False),
        (HoldKind.DOMAIN, "example.org", About(words="complaint about example.org"), True),
        (HoldKind.DOMAIN, "example.org", About(crawl=1), False),
        (HoldKind.URL, "https://example.org/a", About(url="https://example.org/a"), True),
        (HoldKind.URL, "https://example.org/a", About(url="https://example.org/ab"), False),
        (HoldKind.URL, "https://example.org/a", About(host="example.org"), False),
        (HoldKind.CRAWL, "12", About(crawl=12), True),
        (HoldKind.CRAWL, "12", About(crawl=1), False),
        (HoldKind.CRAWL, "12", About(), False),
        (HoldKind.CRAWL, "12", About(everything=True), True),
    ],
)
def test_what_a_hold_covers(kind: HoldKind, subject: str, about: About, expected: bool) -> None:
    assert covers(hold(kind, subject), about) is expected


def test_every_hold_is_named() -> None:
    both = (hold(HoldKind.DOMAIN, "example.org"), hold(HoldKind.CRAWL, "3", 2))
    assert held_by(both, About(host="example.org", crawl=3)) == {1, 2}
    assert held_by(both, About(host="example.com"), About(crawl=3)) == {2}


def test_a_survey_counts_what_goes_and_what_each_hold_spares() -> None:
    def candidate(day: int, *held: int) -> Candidate:
        return Candidate(key=day, bytes=10, at=datetime(2026, 1, day, tzinfo=UTC), held=frozenset(held))

    found = survey("audit", 30, [[candidate(3), candidate(1, 1, 2)], [], [candidate(5), candidate(9, 2)]])
    assert (found.rows, found.bytes, found.spared) == (2, 20, ((1, 1), (2, 2)))
    assert found.oldest is not None
    assert found.newest is not None
    assert (found.oldest.day, found.newest.day) == (3, 5)


def test_the_digest_of_a_list_depends_on_each_item_and_their_order() -> None:
    items = [Item(what=What.EVIDENCE, sha256="ab" * 32, bytes=n, ref=str(n)) for n in (1, 2)]
    assert len({digest_of(items), digest_of(items[::-1]), digest_of(items[:1]), digest_of([])}) == 4


@given(
    st.integers(min_value=260, max_value=3000) | st.integers(min_value=10**6, max_value=10**6 + 9), st.text()
)
def test_a_redaction_record_has_any_length_and_every_tool_reads_it(length: int, reason: str) -> None:
    notice = Notice(redaction=2**40, removed_at=NOW, reason=reason, sha256="ab" * 32)
    member = redaction_member(length, notice, "f 0")
    assert len(member) == length
    assert is_redaction(parse_member(member, Path("f"), 0))
    stream = member + redaction_member(300, NOTICE, "f 1")
    found = [
        (r.rec_type, r.content_stream().read()[:11], r.digest_checker.passed)
        for r in ArchiveIterator(BytesIO(stream), check_digests=True)
    ]
    assert found == [("metadata", b"redaction: ", True)] * 2
    fast = FastIterator(BytesIO(stream), parse_http=False)
    assert [r.verify_block_digest(consume=False) for r in fast] == [True, True]


def test_too_short_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    file = tmp_path / "f.warc.gz"
    file.write_bytes(b"x" * 500)
    with pytest.raises(ValueError, match="no record fits"):
        overwrite(file, 0, 100, NOTICE)
    with pytest.raises(WarcIntegrityError, match="the file ends"):
        overwrite(file, 200, 400, NOTICE)
    with pytest.raises(WarcIntegrityError, match="cannot be overwritten"):
        overwrite(tmp_path / "none", 0, 400, NOTICE)
    assert file.read_bytes() == b"x" * 500
    overwrite(file, 50, 400, NOTICE)
    assert file.read_bytes()[:50] + file.read_bytes()[450:] == b"x" * 100


@settings(deadline=None)
@given(st.lists(st.integers(min_value=0, max_value=2**40), max_size=20))
def test_an_entry_names_the_places_it_erased(positions: list[int]) -> None:
    entry = entry_of_removal(b"s" * 16, b"record", positions)
    assert redacted_positions(entry) == tuple(positions)
    for wrong in (
        entry.replace(b'"of":[', b'"of":[-1,'),
        entry + b" ",
        entry.replace(b"redaction", b"decision"),
    ):
        assert redacted_positions(wrong) is None

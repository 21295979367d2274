"""What is removed is gone everywhere, says so, and the log stays whole; what is held is not removed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from fastwarc.warc import ArchiveIterator as FastIterator
from sqlalchemy import update
from warcio.archiveiterator import ArchiveIterator

from crawler.log.erasure import redact
from crawler.log.findings import What
from crawler.retention.holding import hold
from crawler.retention.holds import HoldKind
from crawler.retention.model import Cause, Order, Taken
from crawler.retention.redacting import HeldError, NothingToRemoveError, Request, redact_evidence, redact_page
from crawler.retention.upkeep import upkeep
from crawler.store.database import DatabaseError, open_database
from crawler.store.queries.resume import committed_ends
from crawler.store.queries.retention import pending
from crawler.store.retention.erasing import document_places
from crawler.store.schema import evidence
from crawler.store.warc import truncate_to
from tests.log_tools import Instance
from tests.retention_tools import (
    NOW,
    SECRET,
    decisions_about,
    evidence_of,
    made,
    places,
    rows,
    run_cli,
)

Cli = Callable[..., tuple[int, str, str]]
REQUEST = Request(actor="tester", reason="Erasure request of 3 March", when=NOW)
URL = "https://example.org/a"


@pytest.fixture
def instance(database_url: str, tmp_path: Path) -> Instance:
    return made(Instance(tmp_path / "data", database_url))


@pytest.fixture
def cli(instance: Instance, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    return lambda *words: run_cli(instance, capsys, monkeypatch, *words)


def warc_bodies(instance: Instance) -> list[tuple[str, int, int, bytes]]:
    """Type, offset, length and content of every record of kept documents, as warcio reads them."""
    found = []
    for file in sorted((instance.data / "warc").iterdir()):
        with file.open("rb") as stream:
            records = ArchiveIterator(stream, check_digests=True)
            for record in records:
                content = record.content_stream().read()
                assert record.digest_checker.passed is not False
                found.append(
                    (record.rec_type, records.get_record_offset(), records.get_record_length(), content)
                )
        with file.open("rb") as stream:
            assert all(r.verify_block_digest(consume=False) for r in FastIterator(stream, parse_http=False))
    return found


def test_a_page_goes_with_all_that_is_known_of_it(instance: Instance, cli: Cli) -> None:
    before = warc_bodies(instance)
    kept = instance.checkpoint(24 * 60 + 6).note
    code, out, _ = cli("store", "redact", URL, "--reason", "Erasure request of 3 March")
    assert (code, out.startswith("redaction 1: 2 decisions, ")) == (0, True)
    after = warc_bodies(instance)
    assert [record[1:3] for record in after] == [record[1:3] for record in before]
    assert [kind for kind, *_ in after].count("metadata") == 2
    assert sum(SECRET in body for *_, body in before) - sum(SECRET in body for *_, body in after) == 2
    answer = instance.verified(kept, replay=True)
    assert (answer.findings, answer.erased, answer.removals, answer.pending) == ((), 2, 1, 0)
    assert (answer.documents, answer.replayed, answer.not_judged) == (4, 6, 0)
    for table in ("decision", "document", "observation", "frontier_url", "reservation"):
        assert not [row for row in rows(instance, f"SELECT * FROM {table}") if URL in map(str, row)]


def test_it_says_when_and_why_instead_of_failing(instance: Instance, cli: Cli) -> None:
    redact_page(instance.config, URL, REQUEST)
    code, out, _ = cli("why", URL)
    assert code == 0
    assert f"removed on {NOW:%d %B %Y, %H:%M:%S} UTC: Erasure request of 3 March" in out
    code, out, _ = cli("why", URL, "--json")
    assert json.loads(out)["removal"]["reason"] == REQUEST.reason
    code, out, _ = cli("lookup", "example.org", "--json")
    assert [removal["redaction"] for removal in json.loads(out)["removals"]] == [1]
    assert json.loads(out)["documents"] == 2
    code, out, _ = cli("lookup", "example.org")
    assert (code, f"removed on {NOW:%d %B %Y}" in out) == (0, True)
    code, out, err = cli("store", "redact", URL, "--reason", "again")
    assert (code, "nothing was decided about" in err) == (1, True)
    assert cli("why", "https://example.org/never")[0] == 1


def test_what_is_held_is_not_removed(instance: Instance, cli: Cli) -> None:
    for subject, other in (("example.org", None), (URL, "https://example.org/b"), ("--crawl=1", None)):
        _, out, _ = cli("store", "hold", subject, "--reason", "Case 7")
        number = out.split()[1]
        with pytest.raises(HeldError, match=rf"hold {number} .*Case 7"):
            redact_page(instance.config, URL, REQUEST)
        digest = evidence_of(instance, "https://example.org/robots.txt", "robots.txt")[0]
        with pytest.raises(HeldError):
            redact_evidence(instance.config, digest, REQUEST)
        if other:
            assert redact_page(instance.config, other, REQUEST).redaction.rows == 2
        assert cli("store", "release", number, "--reason", "closed")[0] == 0
        assert cli("store", "release", number, "--reason", "closed")[0] == 1
    assert redact_page(instance.config, URL, REQUEST).redaction.rows == 2
    actions = [row[0] for row in rows(instance, "SELECT action FROM audit ORDER BY id")]
    assert actions[1:] == ["store hold", "store release", "store hold", "store redact", "store release",
                           "store hold", "store release", "store redact"]  # fmt: skip
    out = cli("store", "holds", "--all", "--json")[1]
    assert [json.loads(line)["release_reason"] for line in out.splitlines()] == ["closed"] * 3
    assert cli("store", "holds")[1] == "nothing is held\n"


def test_evidence_goes_from_the_database_and_from_its_file(instance: Instance, cli: Cli) -> None:
    first = evidence_of(instance, "https://example.org/robots.txt", "robots.txt")[0]
    code, _, err = cli("store", "redact", "--evidence", first, "--reason", "court order")
    assert code == 0
    assert "3 kept documents rest on it" in err
    answer = instance.verified(replay=True)
    assert (answer.findings, answer.erased, answer.not_judged, answer.replayed) == ((), 0, 4, 4)
    code, out, _ = cli("why", URL)
    assert (code, out.count("not judged again"), out.count("the same")) == (0, 1, 1)
    assert not [f for f in (instance.data / "evidence").iterdir() if b"# version 0" in unpacked(f)]
    assert [f for f in (instance.data / "evidence").iterdir() if b"# version 1" in unpacked(f)]
    with pytest.raises(NothingToRemoveError, match="nothing left"):
        redact_evidence(instance.config, first, REQUEST)
    with pytest.raises(NothingToRemoveError, match="no evidence"):
        redact_evidence(instance.config, "ab" * 32, REQUEST)


def unpacked(file: Path) -> bytes:
    """Everything in a WARC file."""
    with file.open("rb") as stream:
        return b"".join(record.content_stream().read() for record in ArchiveIterator(stream))


def test_the_personal_data_of_a_complaint(instance: Instance, cli: Cli) -> None:
    code, _, _ = cli("store", "redact", "--complaint", "C-2026-0001", "--reason", "Erasure request")
    assert code == 0
    (row,) = rows(instance, "SELECT name, contact, content, subjects, state, domain FROM complaint")
    assert row == ("", "", "", "", "closed", "example.org")
    assert {row[0] for row in rows(instance, "SELECT content FROM complaint_event")} == {""}
    assert instance.verified().findings == ()
    code, _, err = cli("store", "redact", "--complaint", "C-2026-0001", "--reason", "again")
    assert (code, "nothing personal left" in err) == (1, True)
    assert cli("store", "redact", "--complaint", "C-1-1", "--reason", "x")[0] == 1
    assert cli("store", "redact", "--reason", "x")[0] == 2
    assert cli("store", "redact", URL, "--reason", " ")[0] == 2


def test_a_death_before_the_file_is_overwritten_is_made_good(instance: Instance) -> None:
    """The record says that it is removed; whoever comes next ends what was begun."""
    numbers = decisions_about(instance, URL)
    engine = open_database(instance.config.database_url)
    with engine.begin() as connection:
        order = Order(cause=Cause.REQUEST, kind="url", actor="tester", reason="r", when=NOW)
        redact(connection, order, Taken(items=document_places(connection, numbers), rows=2))
    instance.checkpoint(24 * 60 + 7)
    assert (instance.verified().pending, instance.verified().findings) == (2, ())
    file, offset, _ = places(instance)[0]
    with (instance.data / file).open("r+b") as stream:  # killed while it wrote
        stream.seek(offset)
        stream.write(b"\x1f\x8b half")
    with upkeep(instance.config, NOW), engine.connect() as connection:
        assert pending(connection) == ()
    assert sum(kind == "metadata" for kind, *_ in warc_bodies(instance)) == 2
    engine.dispose()


def test_a_removal_that_was_never_logged_is_found(instance: Instance) -> None:
    """Emptied evidence, a row that excuses it, a record put back: nothing of it passes."""
    second = evidence_of(instance, "https://example.org/robots.txt", "robots.txt")[1]
    redact_page(instance.config, "https://example.org/b", REQUEST)
    engine = open_database(instance.config.database_url)
    with engine.begin() as connection:
        connection.execute(update(evidence).where(evidence.c.sha256 == second).values(content=b""))
    assert {f.what for f in instance.verified().findings} == {What.EVIDENCE}
    _do(engine, f"INSERT INTO removed (redaction_id, what, ref, sha256, bytes, done_at) VALUES "
                f"(1, 'evidence', '{second}', '{second}', 9, '2026-11-24T00:00:00Z')")  # fmt: skip
    assert {f.what for f in instance.verified().findings} == {What.COMMITMENT}
    _do(engine, "DELETE FROM removed WHERE sha256 = '" + second + "'")
    _do(engine, "UPDATE redaction SET reason = 'another'")
    assert What.COMMITMENT in {f.what for f in instance.verified().findings}
    _do(engine, "UPDATE redaction SET reason = 'Erasure request of 3 March'", "DELETE FROM removed",
        "DELETE FROM redaction")  # fmt: skip
    assert What.RECORD in {f.what for f in instance.verified().findings}
    engine.dispose()


def test_a_record_that_was_put_back_is_found(instance: Instance) -> None:
    untouched = {file: file.read_bytes() for file in (instance.data / "warc").iterdir()}
    redact_page(instance.config, "https://example.org/b", REQUEST)
    for file, content in untouched.items():
        file.write_bytes(content)
    findings = instance.verified().findings
    assert {f.what for f in findings} == {What.STORED}
    assert "is still there" in findings[0].text


def test_the_next_crawl_leaves_the_files_as_they_are(instance: Instance) -> None:
    """Nothing in the record points into them any more; still nothing is cut off."""
    before = warc_bodies(instance)
    for name in ("a", "b", "c"):
        redact_page(instance.config, f"https://example.org/{name}", REQUEST)
    with instance.reading() as connection:
        ends = committed_ends(connection)["warc"]
    assert truncate_to(instance.data / "warc", ends) == []
    assert [record[1:3] for record in warc_bodies(instance)] == [record[1:3] for record in before]
    instance.crawl(2, 2, minutes=24 * 60 + 30)
    instance.checkpoint(24 * 60 + 31)
    answer = instance.verified(replay=True)
    assert (answer.findings, answer.documents, answer.erased) == ((), 2, 6)


def test_no_record_is_made_for_a_slip_in_a_name(tmp_path: Path, cli: Cli) -> None:
    nowhere = Instance(tmp_path / "slip")
    with pytest.raises(DatabaseError, match="no record"):
        redact_page(nowhere.config, URL, REQUEST)
    with pytest.raises(DatabaseError, match="no record"):
        hold(nowhere.config, HoldKind.CRAWL, "1", "r", "tester", NOW)
    assert not nowhere.data.exists()


def test_an_erased_address_is_not_asked_for_again(instance: Instance) -> None:
    engine = open_database(instance.config.database_url)
    _do(
        engine,
        "INSERT INTO frontier_host (name, ready_at, waiting) VALUES ('https://example.org', 0, 0)",
        "INSERT INTO frontier_url (key, url, host_id, state, rank, due, attempt, depth, hops, source) "
        "SELECT url_hash, url, 1, 2, 0, 0, 0, 0, 0, 'link' FROM decision "
        f"WHERE url = '{URL}' AND crawl_id = 1",
    )
    redact_page(instance.config, URL, REQUEST)
    assert rows(instance, "SELECT url, state FROM frontier_url") == [("", 2)]
    from crawler.frontier import Candidate
    from crawler.frontier.sql import _new

    with engine.connect() as connection:
        offered = [Candidate(url=url, host="https://example.org", depth=1, source="link")
                   for url in (URL, "https://example.org/other")]  # fmt: skip
        assert [candidate.url for _, candidate in _new(connection, offered)] == ["https://example.org/other"]
    engine.dispose()


def _do(engine: object, *statements: str) -> None:
    with engine.begin() as connection:  # type: ignore[attr-defined]
        for statement in statements:
            connection.exec_driver_sql(statement)

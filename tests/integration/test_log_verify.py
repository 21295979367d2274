"""One altered byte anywhere, and `forbear log verify` names the first entry it touches."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace as dataclass_replace
from pathlib import Path

import pytest
from sqlalchemy import update

from crawler.cli import main
from crawler.gate import Case, Decision, Terms, judge
from crawler.log import verify_proof
from crawler.log.findings import What, meaning
from crawler.log.merkle import HASH_BYTES
from crawler.log.note import parse_verifier
from crawler.log.prove import VERIFIER, check
from crawler.log.sequencer import erase
from crawler.log.tiles import unbundle
from crawler.software import SOFTWARE
from crawler.store import rebuild
from crawler.store.database import open_database
from crawler.store.schema import decision
from crawler.store.tallies import count_all
from reservations.model import Verdict
from reservations.reader_changes import reader_changes
from tests.log_tools import Instance, flip
from tests.record_tools import at

CLOSED, KEPT = 258, 6
Cli = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Instance:
    """265 entries: closed pages, then kept ones from entry 258 on, then the crawl."""
    instance = Instance(tmp_path_factory.mktemp("made") / "data")
    instance.crawl(CLOSED, KEPT)
    instance.checkpoint()
    instance.run("PRAGMA wal_checkpoint(TRUNCATE)")
    return instance


@pytest.fixture
def instance(made: Instance, tmp_path: Path) -> Instance:
    shutil.copytree(made.data, tmp_path / "data")
    return Instance(tmp_path / "data")


@pytest.fixture
def cli(instance: Instance, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    def run(*arguments: str) -> tuple[int, str, str]:
        line = ["forbear", "log", *arguments, "--data", str(instance.data), "--config", "/dev/null"]
        monkeypatch.setattr(sys, "argv", line)
        code: object = 0
        try:
            main()
        except SystemExit as error:
            code = error.code or 0
        out, err = capsys.readouterr()
        assert isinstance(code, int)
        return code, out, err

    return run


def assert_first(cli: Cli, entry: int, what: What) -> None:
    """The command names the entry, in words and in JSON, and exits with 4."""
    code, out, _ = cli("verify")
    assert code == 4
    assert f"FIRST BAD ENTRY: {entry}\n  entry {entry}: {meaning(what)}: " in out
    code, out, _ = cli("verify", "--json")
    found = json.loads(out)
    assert (code, found["first_bad_entry"]) == (4, entry)
    assert (found["findings"][0]["entry"], found["findings"][0]["what"]) == (entry, what)


def flip_text(file: Path, text: bytes, last: int) -> None:
    """Flip one bit in the last byte of the only place where a text stands."""
    data = file.read_bytes()
    assert data.count(text) == 1
    flip(file, data.index(text) + len(text) - last)


def test_nothing_altered(cli: Cli) -> None:
    code, out, _ = cli("verify", "--replay")
    assert code == 0
    assert out == (
        "265 entries, 1 checkpoints (the newest of 265), 6 kept documents read, 264 decisions judged again\n"
        "nothing was altered\n"
    )


@pytest.mark.parametrize("number", [0, 3, 5])
def test_a_byte_of_a_decision(instance: Instance, cli: Cli, number: int) -> None:
    flip_text(instance.data / "forbear.db", b"/marker-of-%d" % number, 1)
    assert_first(cli, CLOSED + number, What.COMMITMENT)


def test_a_byte_of_evidence(instance: Instance, cli: Cli) -> None:
    flip_text(instance.data / "forbear.db", b"# marker-in-robots", 1)
    assert_first(cli, 0, What.EVIDENCE)


def test_a_byte_of_a_tile(instance: Instance, cli: Cli) -> None:
    flip(instance.log / "tile/0/000", 77 * HASH_BYTES + 5)
    assert_first(cli, 77, What.TILE)


def test_a_byte_of_a_partial_tile(instance: Instance, cli: Cli) -> None:
    flip(instance.log / "tile/0/001.p/9", 2 * HASH_BYTES)
    assert_first(cli, 258, What.TILE)


def test_a_byte_of_an_upper_tile(instance: Instance, cli: Cli) -> None:
    flip(instance.log / "tile/1/000.p/1", 31)
    assert_first(cli, 0, What.TILE)


@pytest.mark.parametrize(("file", "start"), [("tile/entries/000", 0), ("tile/entries/001.p/9", 256)])
def test_a_byte_of_a_bundle(instance: Instance, cli: Cli, file: str, start: int) -> None:
    entries = unbundle((instance.log / file).read_bytes())
    flip(instance.log / file, sum(2 + len(entry) for entry in entries[:7]) + 10)
    assert_first(cli, start + 7, What.ENTRIES)


@pytest.mark.parametrize("cut", [1, 40])
def test_a_bundle_cut_short(instance: Instance, cli: Cli, cut: int) -> None:
    file = instance.log / "tile/entries/000"
    file.write_bytes(file.read_bytes()[:-cut])
    assert_first(cli, 255, What.ENTRIES)


@pytest.mark.parametrize("number", [0, 4])
def test_a_byte_of_a_kept_document(instance: Instance, cli: Cli, number: int) -> None:
    (file,) = (instance.data / "warc").iterdir()
    with instance.reading() as connection:
        query = f"SELECT warc_offset, warc_length FROM document WHERE decision_id = {CLOSED + number + 1}"
        offset, length = connection.exec_driver_sql(query).one()
    flip(file, offset + length // 2)
    assert_first(cli, CLOSED + number, What.STORED)


def test_a_byte_of_evidence_in_its_warc(instance: Instance, cli: Cli) -> None:
    (file,) = (instance.data / "evidence").iterdir()
    flip(file, file.stat().st_size - 20)
    assert_first(cli, 0, What.STORED)


def test_a_warc_that_is_gone(instance: Instance, cli: Cli) -> None:
    (file,) = (instance.data / "warc").iterdir()
    file.unlink()
    assert_first(cli, CLOSED, What.STORED)


NINTH = "UPDATE decision SET {} WHERE id = 9"
LAST = "(SELECT max(id) FROM observation)"
EIGHTH = "UPDATE log_entry SET {} WHERE position = 8"
DOCUMENT = "UPDATE document SET {} WHERE decision_id = 260"
ALTERED = {
    "verdict": (NINTH.format("verdict = 'keep'"), 8, What.COMMITMENT),
    "inferred": (NINTH.format("reasons = replace(reasons, 'false', 'true')"), 8, What.COMMITMENT),
    "notes": (NINTH.format("notes = '[0]'"), 8, What.COMMITMENT),
    "time": (NINTH.format("decided_at = '2026-11-23T05:35:00.000000Z'"), 8, What.COMMITMENT),
    "unreadable": (NINTH.format("reasons = '['"), 8, What.RECORD),
    "not even text": (NINTH.format("reasons = CAST(x'ff' AS TEXT)"), 8, What.RECORD),
    "hidden from lookups": (NINTH.format("lookup_key = 'x'"), 8, What.RECORD),
    "hidden from why": (NINTH.format("url_hash = 1"), 8, What.RECORD),
    "decision gone": ("DELETE FROM decision WHERE id = 9", 8, What.RECORD),
    "headers": (f"UPDATE observation SET fields = '[]' WHERE id = {LAST}", 263, What.COMMITMENT),
    "headers unreadable": (f"UPDATE observation SET fields = '' WHERE id = {LAST}", 263, What.RECORD),
    "observation gone": (f"DELETE FROM observation WHERE id = {LAST}", 263, What.RECORD),
    "evidence gone": ("DELETE FROM evidence WHERE instr(content, x'6d61726b6572')", 0, What.RECORD),
    "another body": (DOCUMENT.format("body_sha256 = 'x'"), 259, What.STORED),
    "another place": (DOCUMENT.format("warc_length = 1000000000000"), 259, What.COMMITMENT),
    "document gone": ("DELETE FROM document WHERE decision_id = 260", 259, What.COMMITMENT),
    "software": ("UPDATE crawl SET software = 'Forbear/9'", 0, What.COMMITMENT),
    "terms": ("UPDATE policy_version SET canonical = '{}'", 264, What.COMMITMENT),
    "identity": ("UPDATE crawler_identity SET user_agent = 'Mozilla/5.0'", 264, What.COMMITMENT),
    "salt": (EIGHTH.format("salt = zeroblob(16)"), 8, What.COMMITMENT),
    "short salt": (EIGHTH.format("salt = x'00'"), 8, What.COMMITMENT),
    "entry": (EIGHTH.format("entry = x'7b7d'"), 8, What.COMMITMENT),
    "leaf": (EIGHTH.format("leaf_hash = x'00'"), 8, What.COMMITMENT),
    "kind": (EIGHTH.format("kind = 'other'"), 8, What.RECORD),
    "false redaction": (EIGHTH.format("kind = 'redaction'"), 8, What.COMMITMENT),
    "entry gone": ("DELETE FROM log_entry WHERE position = 8", 8, What.MISSING),
    "last entries gone": ("DELETE FROM log_entry WHERE position > 100", 101, What.MISSING),
}


@pytest.mark.parametrize(("statement", "entry", "what"), ALTERED.values(), ids=ALTERED)
def test_an_altered_row(instance: Instance, statement: str, entry: int, what: What) -> None:
    instance.run(statement)
    first = instance.verified().findings[0]
    assert (first.entry, first.what) == (entry, what)


BEFORE = "'2020-01-01T00:00:00.000000Z'"
DERIVED = {
    "words": ("UPDATE reservation SET quote = 'x'", "does not say what was seen"),
    "seen earlier": (f"UPDATE reservation SET first_seen = {BEFORE}", "first seen 2020-01-01"),
    "ended": (f"UPDATE reservation SET ended_at = {BEFORE}", "ended 2020-01-01"),
    "ended later": (
        "UPDATE reservation SET ended_at = '2030-01-01T00:00:00.000000Z'",
        "nothing was asked for",
    ),
    "seen later": (
        "UPDATE reservation SET last_seen = '2030-01-01T00:00:00.000000Z'",
        "nothing was asked for",
    ),
    "another host": ("UPDATE reservation SET host = 'x.example'", "stands under x.example"),
    "reservation gone": ("DELETE FROM reservation", "is gone"),
    "one that never was": (
        "UPDATE reservation SET natural_key = replace(natural_key, substr(natural_key, 1, 4), '0000')",
        "does not say what was seen",
    ),
    "a time that is none": ("UPDATE reservation SET first_seen = 'x'", "cannot be read"),
    "decisions": ("UPDATE site_decisions SET decisions = decisions + 1", "says decisions"),
    "pages": ("UPDATE site_pages SET pages = pages - 1", "says pages"),
    "bytes": ("UPDATE site_documents SET bytes = 1", "says bytes 1"),
    "since": (f"UPDATE site_decisions SET first = {BEFORE}", "says first"),
    "hours": ("UPDATE hour_decisions SET last_id = 7", "says last_id 7"),
    "sum gone": ("DELETE FROM site_pages", "is gone"),
    "a site that never was": ("UPDATE site_documents SET site = 'x)'", "site_documents of x)"),
}


@pytest.mark.parametrize(("statement", "text"), DERIVED.values(), ids=DERIVED)
def test_an_altered_row_that_follows_from_others(instance: Instance, statement: str, text: str) -> None:
    engine = open_database(instance.config.database_url)
    count_all(engine)
    engine.dispose()
    assert instance.verified().findings == ()
    instance.run(statement)
    found = instance.verified().findings
    assert {f.what for f in found} == {What.DERIVED}
    assert text in found[0].text


def test_evidence_that_became_text_is_altered_evidence(instance: Instance, cli: Cli) -> None:
    instance.run("UPDATE evidence SET content = CAST(content AS TEXT) || 'x' WHERE length > 0")
    assert instance.verified(replay=True).findings[0].what is What.EVIDENCE


def test_checkpoints_that_were_deleted(instance: Instance, cli: Cli) -> None:
    instance.run("DELETE FROM checkpoint")
    code, out, _ = cli("verify")
    assert code == 4
    assert "the published checkpoint is none that the record knows" in out


def test_a_byte_of_the_checkpoint(instance: Instance, cli: Cli) -> None:
    flip(instance.log / "checkpoint", 30)
    code, out, _ = cli("verify")
    assert code == 4
    assert "the published checkpoint: " in out


def test_a_checkpoint_of_the_record(instance: Instance, cli: Cli) -> None:
    instance.run("UPDATE checkpoint SET root_hash = x'00'")
    code, out, _ = cli("verify")
    assert code == 4
    assert "the recorded checkpoint of 265 entries is not the note beside it" in out


def test_a_record_put_back_to_an_older_state(instance: Instance, cli: Cli) -> None:
    backup = (instance.data / "forbear.db").read_bytes()
    instance.crawl(5)
    instance.checkpoint()
    instance.run("PRAGMA wal_checkpoint(TRUNCATE)")
    (instance.data / "forbear.db").write_bytes(backup)
    code, out, _ = cli("verify")
    assert code == 4
    assert "entry 265: an entry or its decision is missing: the published checkpoint speaks of 271" in out
    code, _, err = cli("checkpoint")
    assert code == 4
    assert "nothing is signed" in err


def test_a_log_written_anew_does_not_continue_a_checkpoint_that_was_kept(
    instance: Instance, cli: Cli, tmp_path: Path
) -> None:
    kept = tmp_path / "kept"
    kept.write_bytes((instance.log / "checkpoint").read_bytes())
    assert cli("verify", "--kept", str(kept))[0] == 0
    # with the key in hand somebody tells the story anew, and it is a sound log by itself
    shutil.rmtree(instance.log / "tile")
    (instance.log / "checkpoint").unlink()
    instance.run("DELETE FROM log_entry", "DELETE FROM checkpoint")
    instance.checkpoint()
    assert cli("verify")[0] == 0
    code, out, _ = cli("verify", "--kept", str(kept))
    assert code == 4
    assert "the checkpoint that was kept" in out


def test_a_decision_that_waits_is_no_finding(instance: Instance, cli: Cli) -> None:
    instance.crawl(1)
    code, out, _ = cli("verify")
    assert code == 0
    assert "1 decisions have no entry yet" in out


def test_a_decision_slipped_in_is_found(instance: Instance, cli: Cli) -> None:
    columns = ", ".join(column.name for column in decision.columns if column.name != "id")
    instance.run(f"INSERT INTO decision (id, {columns}) SELECT -1, {columns} FROM decision WHERE id = 9")
    code, out, _ = cli("verify")
    assert code == 4
    assert "the log: an entry or its decision is missing: decision -1 about https://example.org/priv" in out


def test_replay_by_a_reader_that_reads_otherwise(
    instance: Instance, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    def keeps_everything(case: Case, terms: Terms) -> Decision:
        return dataclass_replace(judge(case, terms), verdict=Verdict.KEEP, reasons=())

    monkeypatch.setattr(rebuild, "judge", keeps_everything)
    code, out, _ = cli("verify", "--replay")
    assert code == 4
    assert "FIRST BAD ENTRY: 0\n  entry 0: judged again it comes out differently: decision 1 about " in out
    assert f"recorded by {SOFTWARE}, judged again by {SOFTWARE}: it was exclude for robots.disallow, " in out
    # every change so far is part of the readers that recorded it
    assert "it would be keep for none; no change of the readers since then explains it\n" in out


def test_a_decision_of_older_readers_is_a_finding_with_the_change_that_explains_it(
    instance: Instance, cli: Cli
) -> None:
    """Kept by readers that measured a pattern otherwise; this release leaves the page out."""
    change = max((c for c in reader_changes() if c.protocol == "robots"), key=lambda c: c.version)
    older = f"Forbear/0.0.9 readers/{change.version - 1}"
    instance.run(
        f"UPDATE crawl SET software = '{older}'",
        "UPDATE decision SET verdict = 'keep', reason = 'none', reasons = '[]' WHERE id = 9",
    )
    code, out, _ = cli("verify", "--replay", "--json")
    assert code == 4
    found = next(f for f in json.loads(out)["findings"] if f["what"] == What.REPLAY)
    assert found["explained_by"] == [
        {
            "version": change.version,
            "since": change.since,
            "protocol": "robots",
            "changed": change.changed,
        }
    ]
    assert f"recorded by {older}, judged again by {SOFTWARE}: it was keep for none, " in found["text"]
    assert found["text"].endswith(
        f"; explained by change {change.version} of the readers ({change.since}, robots): {change.changed}"
    )
    assert found["entry"] == 8


def test_altered_bytes_are_never_explained_by_a_change_of_the_readers(instance: Instance) -> None:
    instance.run(
        "UPDATE crawl SET software = 'Forbear/0.0.9'",
        "UPDATE evidence SET content = CAST('User-agent: *' AS BLOB) WHERE instr(content, 'marker-in-r')",
    )
    found = [f for f in instance.verified(replay=True).findings if f.what is What.REPLAY]
    assert len(found) == CLOSED + KEPT
    assert not any(f.explained_by for f in found)


def test_replay_names_a_decision_that_cannot_be_judged(instance: Instance, cli: Cli) -> None:
    instance.run("UPDATE decision SET stage = 'nowhere' WHERE id = 9")
    code, out, _ = cli("verify", "--replay")
    assert code == 4
    assert "decision 9 about https://example.org/private/8" in out
    assert "it cannot be judged (ValueError: 'nowhere' is not a valid Stage)" in out


def test_a_proof_is_one_file_that_a_stranger_checks(instance: Instance, cli: Cli, tmp_path: Path) -> None:
    file, program = tmp_path / "page.tlog-proof", tmp_path / "verify_proof.py"
    key = (instance.log / "vkey").read_text().strip()
    code, _, err = cli("prove", "https://example.org/page/2", "-o", str(file), "--verifier", str(program))
    assert code == 0
    assert key in err
    assert program.read_bytes() == VERIFIER.read_bytes()
    code, out, _ = cli("check", str(file))
    assert code == 0
    assert out.startswith("proven: entry 260 of 265 in the log crawler.example/forbear/log is the decision\n")
    # -I -S: no site packages, no folder of ours; -O: no assertions
    command = [sys.executable, "-I", "-S", "-O", str(program), str(file), key]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("PROVEN: entry 260 of 265 in the log crawler.example/forbear/log")
    shown = json.loads(lines[1])
    assert shown["via"] == "https://example.org/marker-of-2"
    assert json.loads(lines[2])["software"] == SOFTWARE
    assert {json.loads(line)["kind"] for line in lines[3:]} >= {"robots.txt", "response"}
    other = key[:-4] + ("AAAA" if not key.endswith("AAAA") else "BBBB")
    done = subprocess.run([*command[:-1], other], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "NOT PROVEN: not a verifier key\n"


def test_no_byte_of_a_proof_can_be_changed(instance: Instance, cli: Cli) -> None:
    """Two verifiers that share no code agree on every single changed character."""
    key = (instance.log / "vkey").read_text().strip()
    _, text, _ = cli("prove", "https://example.org/private/3")
    good = verify_proof.verify(text, key)
    assert good[:3] == ("3", "265", "crawler.example/forbear/log")
    assert check(text, [parse_verifier(key)]).record.decode() == good[3]
    record_ends = text.index("index 3")
    for position in [*range(0, record_ends, 101), *range(record_ends, len(text))]:
        changed = text[:position] + ("A" if text[position] != "A" else "B") + text[position + 1 :]
        for verifier in (
            lambda text: verify_proof.verify(text, key),
            lambda text: check(text, [parse_verifier(key)]),
        ):
            with pytest.raises((ValueError, Exception)) as caught:
                verifier(changed)
            assert not isinstance(caught.value, TypeError | AttributeError | IndexError), (
                position,
                caught.value,
            )


def test_what_cannot_be_proven_says_what_to_do(instance: Instance, cli: Cli, tmp_path: Path) -> None:
    code, _, err = cli("prove", "https://example.org/never-seen")
    assert (code, "no decision about" in err) == (1, True)
    instance.crawl(0, 1, minutes=9)
    code, _, err = cli("prove", "https://example.org/page/0")
    assert (code, "forbear log checkpoint" in err) == (1, True)
    file = tmp_path / "x"
    file.write_text("nonsense")
    code, _, err = cli("check", str(file))
    assert (code, "not proven" in err) == (1, True)
    code, _, err = cli("check", str(tmp_path / "none"))
    assert (code, "cannot be read" in err) == (2, True)
    code, _, err = cli("check", str(file), "--key", "nonsense")
    assert (code, "verifier key" in err) == (2, True)


def test_status_and_checkpoint(instance: Instance, cli: Cli) -> None:
    code, out, _ = cli("status")
    assert code == 0
    assert "entries: 265, under the newest checkpoint 265, signed 24 November 2026, 05:37:00 UTC" in out
    instance.crawl(2)
    code, out, _ = cli("status", "--json")
    found = json.loads(out)
    assert (code, found["waiting"], found["late"]) == (1, 2, True)
    assert "LATE" in cli("status")[1]
    code, out, err = cli("checkpoint")
    assert (code, out) == (0, (instance.log / "checkpoint").read_text())
    assert "3 entries added" in err
    assert cli("status")[0] == 0
    assert cli("verify")[0] == 0


def test_without_a_log_every_command_says_how_to_begin(tmp_path: Path, cli: Cli, instance: Instance) -> None:
    shutil.rmtree(instance.log)
    for arguments in (("verify",), ("prove", "https://example.org/page/0")):
        code, _, err = cli(*arguments)
        assert code == 1
        assert "forbear log checkpoint" in err


def test_the_same_on_both_databases(database_url: str, tmp_path: Path) -> None:
    instance = Instance(tmp_path / "data", database_url)
    instance.crawl(20, 3)
    first = instance.checkpoint()
    instance.crawl(300, 1, minutes=10)
    engine = open_database(database_url)
    with engine.begin() as connection:
        erase(connection, 22, at(20))
    instance.checkpoint()
    answer = instance.verified(first.note, replay=True)
    assert (answer.entries, answer.documents, answer.replayed, answer.findings) == (327, 3, 323, ())
    with engine.begin() as connection:
        connection.execute(update(decision).where(decision.c.id == 9).values(verdict="keep"))
    engine.dispose()
    assert [(f.entry, f.what) for f in instance.verified().findings] == [(8, What.COMMITMENT)]


def test_two_sequencers_at_once_make_one_log(tmp_path: Path) -> None:
    instance = Instance(tmp_path / "data")
    instance.crawl(300)
    with ThreadPoolExecutor(3) as pool:
        done = [run.result() for run in [pool.submit(instance.checkpoint) for _ in range(3)]]
    assert {run.note for run in done} == {(instance.log / "checkpoint").read_text()}
    assert sorted(run.added for run in done) == [0, 0, 301]
    assert instance.verified().findings == ()

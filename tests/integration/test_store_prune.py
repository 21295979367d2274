"""Rules remove what is old and free, and nothing that a kept page, a hold or the log needs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from crawler.frontier.lock import InstanceBusyError, InstanceLock
from crawler.log.note import parse_verifier
from crawler.log.prove import NotProvableError, prove
from crawler.log.sequencer import log_folder
from crawler.retention.holding import hold, release
from crawler.retention.holds import HoldKind
from crawler.retention.prune import HoldsChangedError, prune
from crawler.store.database import open_database
from crawler.store.retention.rule import rules
from crawler.store.schema import evidence
from crawler.store.withdrawal import withdraw_from
from tests.log_tools import Instance
from tests.record_tools import at
from tests.retention_tools import (
    NOW,
    decisions_about,
    evidence_of,
    made,
    pruned,
    rows,
    run_cli,
    surveyed,
    with_days,
)

Cli = Callable[..., tuple[int, str, str]]
ROBOTS = "https://example.org/robots.txt"
LEFT = "https://example.org/left"


@pytest.fixture
def instance(database_url: str, tmp_path: Path) -> Instance:
    return made(Instance(tmp_path / "data", database_url))


@pytest.fixture
def cli(instance: Instance, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    return lambda *words: run_cli(instance, capsys, monkeypatch, *words)


def is_there(instance: Instance, digest: str) -> bool:
    """Whether the bytes of a piece of evidence are in the record."""
    with instance.reading() as connection:
        size = select(func.length(evidence.c.content)).where(evidence.c.sha256 == digest)
        return bool(connection.scalar(size))


def test_every_rule_is_a_setting_and_keeps_for_ever_by_default(instance: Instance, cli: Cli) -> None:
    names = {rule.name for rule in rules()}
    assert names == set(type(instance.config.retention).model_fields)
    assert set(instance.config.retention.model_dump().values()) == {0}
    assert surveyed(instance.config) == {}
    assert pruned(instance.config) == {}
    assert cli("store", "prune")[1] == (
        "everything is kept for ever; set days in [retention] of forbear.toml\n"
    )


def test_extracts_of_pages_that_are_not_kept(instance: Instance) -> None:
    config = with_days(instance, page_extracts=30)
    assert surveyed(config, at(60)) == {"page_extracts": (0, ())}
    assert surveyed(config, at(0) + timedelta(days=30, hours=12)) == {"page_extracts": (1, ())}
    extracts = evidence_of(instance, LEFT, "html-signals")
    assert pruned(config, at(0) + timedelta(days=30, hours=12))["page_extracts"].rows == 1
    assert [is_there(instance, digest) for digest in extracts] == [False, True]
    answer = instance.verified(replay=True)
    assert (answer.findings, answer.erased, answer.not_judged, answer.replayed) == ((), 0, 1, 7)
    assert pruned(config)["page_extracts"].rows == 1
    assert pruned(config)["page_extracts"].rows == 0


def test_heads_go_with_what_opens_their_commitment(instance: Instance) -> None:
    config = with_days(instance, page_heads=30)
    assert surveyed(config) == {"page_heads": (2, ())}
    assert pruned(config)["page_heads"].rows == 2
    answer = instance.verified(replay=True)
    assert (answer.findings, answer.erased, answer.removals, answer.not_judged) == ((), 2, 1, 2)
    assert len(decisions_about(instance, LEFT)) == 2
    assert not [row for row in rows(instance, "SELECT * FROM observation") if "x-marker" in str(row).lower()]
    assert not any(is_there(instance, digest) for digest in evidence_of(instance, LEFT, "response"))
    folder = log_folder(instance.config)
    with instance.reading() as connection:
        verifier = parse_verifier(folder.verifier_key() or "")
        with pytest.raises(NotProvableError, match="was erased"):
            prove(connection, folder, verifier, LEFT)
        assert prove(connection, folder, verifier, "https://example.org/a").index >= 0


def test_files_of_a_site_on_which_kept_pages_rest_stay(instance: Instance) -> None:
    config = with_days(instance, location_files=30)
    first, second = evidence_of(instance, ROBOTS, "robots.txt")
    assert surveyed(config) == {"location_files": (0, ())}
    older = [
        n for url in ("a", "b", "c") for n in decisions_about(instance, f"https://example.org/{url}")[:1]
    ]
    withdraw_from(instance.config.database_url, older, at(99), "reserved since")
    assert surveyed(config) == {"location_files": (1, ())}
    assert pruned(config)["location_files"].rows == 1
    # the second is in force, and documents that are kept rest on it
    assert [is_there(instance, digest) for digest in (first, second)] == [False, True]
    assert instance.verified(replay=True).findings == ()


def test_bodies_of_documents(instance: Instance, cli: Cli) -> None:
    config = with_days(instance, documents=30, withdrawn_documents=7)
    withdraw_from(
        instance.config.database_url, decisions_about(instance, "https://example.org/a"), at(0), "x"
    )
    assert surveyed(config, at(0) + timedelta(days=8)) == {
        "documents": (0, ()),
        "withdrawn_documents": (2, ()),
    }
    done = pruned(config)
    assert (done["withdrawn_documents"].rows, done["documents"].rows) == (2, 4)
    assert pruned(config)["documents"].rows == 0
    reasons = {row[0] for row in rows(instance, "SELECT withdrawn_reason FROM document")}
    assert reasons == {"x", "retention: its body was kept for 30 days"}
    answer = instance.verified(replay=True)
    assert (answer.findings, answer.pending, answer.erased) == ((), 0, 0)
    assert json.loads(cli("lookup", "example.org", "--json")[1])["documents"] == 0


def test_desk_and_trails(instance: Instance) -> None:
    config = with_days(instance, complaints=30, audit=30, exports=30, ownership=30)
    engine = open_database(instance.config.database_url)
    with engine.begin() as connection:
        for number, asked in enumerate(('{"domain":"example.com"}', '{"domain":"example.org"}', "{}"), 1):
            connection.exec_driver_sql(
                "INSERT INTO export VALUES "
                f"({number}, '2026-11-24T05:00:00.000000Z', 'x', 'decisions', 'csv', '{asked}', 't', 1, 1, "
                "'[]', 's')"
            )
    engine.dispose()
    number = hold(instance.config, HoldKind.DOMAIN, "example.org", "Case 7", "tester", at(0))
    assert surveyed(config) == {
        "audit": (1, ()),
        "complaints": (0, ((number, 1),)),
        "exports": (1, ((number, 2),)),
        "ownership": (0, ()),
    }
    assert release(instance.config, number, "over", "tester", at(1))
    done = pruned(config)
    assert [done[name].rows for name in ("audit", "complaints", "exports")] == [1, 1, 3]
    assert rows(instance, "SELECT name, contact, content FROM complaint") == [("", "", "")]
    # holds, releases and removals stay in the trail
    assert {row[0] for row in rows(instance, "SELECT action FROM audit")} == {
        "store hold", "store release", "store prune",
    }  # fmt: skip
    assert instance.verified().findings == ()


@pytest.mark.parametrize(
    ("kind", "subject", "spared"),
    [
        (HoldKind.DOMAIN, "example.org", {"page_extracts": 2, "page_heads": 2, "documents": 6}),
        (HoldKind.DOMAIN, "www.example.org", {}),
        (HoldKind.URL, LEFT, {"page_extracts": 2, "page_heads": 2}),
        (HoldKind.URL, "https://example.org/a", {"documents": 2}),
        (HoldKind.CRAWL, "1", {"page_extracts": 1, "page_heads": 1, "documents": 3}),
    ],
)
def test_a_hold_spares_and_the_dry_run_says_so(
    instance: Instance, kind: HoldKind, subject: str, spared: dict[str, int]
) -> None:
    config = with_days(instance, page_extracts=1, page_heads=1, documents=1)
    number = hold(instance.config, kind, subject, "Case 7", "tester", at(0))
    said = surveyed(config)
    assert {rule: dict(found) for rule, (_, found) in said.items() if found} == {
        rule: {number: count} for rule, count in spared.items()
    }
    done = pruned(config)
    assert {rule: done[rule].rows for rule in done} == {rule: count for rule, (count, _) in said.items()}
    assert instance.verified(replay=True).findings == ()


def test_the_dry_run_as_a_table(instance: Instance, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORBEAR_RETENTION_PAGE_EXTRACTS", "0")
    code, out, _ = cli("store", "prune", "--dry-run")
    assert code == 0
    assert out.splitlines()[0].split() == [
        "kind", "kept", "for", "rows", "bytes", "oldest", "newest", "spared", "by", "holds",
    ]  # fmt: skip
    assert [line.split()[0] for line in out.splitlines()[1:]] == [rule.name for rule in rules()]
    found = [json.loads(line) for line in cli("store", "prune", "--dry-run", "--json")[1].splitlines()]
    assert {each["rule"] for each in found} == {rule.name for rule in rules()}
    assert all(each["rows"] == 0 and each["spared"] == [] for each in found)


def test_a_hold_that_is_placed_meanwhile_ends_the_run(instance: Instance) -> None:
    """What was removed before it is whole; what it covers stays."""
    config = with_days(instance, page_extracts=1, documents=1)

    def hold_now(rule: str, removed: int) -> None:
        hold(instance.config, HoldKind.DOMAIN, "example.org", "Case 7", "tester", at(0))

    with pytest.raises(HoldsChangedError, match="run it again"):
        prune(config, "tester", NOW, hold_now)
    assert surveyed(config) == {"page_extracts": (0, ()), "documents": (0, ((1, 6),))}
    assert instance.verified(replay=True).findings == ()
    assert pruned(config)["documents"].rows == 0


def test_not_beside_a_crawl(instance: Instance, cli: Cli) -> None:
    with InstanceLock(instance.data):
        with pytest.raises(InstanceBusyError, match="another crawl or"):
            prune(with_days(instance, documents=1), "tester", NOW)
        assert cli("store", "prune")[0] == 2
        assert cli("store", "prune", "--dry-run")[0] == 0


@pytest.mark.slow
def test_a_kill_at_any_moment_loses_nothing(tmp_path: Path) -> None:
    """Killed again and again while it removes bodies, it comes to the same as one run."""
    instance = Instance(tmp_path / "data")
    instance.crawl(3, 300)
    instance.checkpoint()
    program = (
        "import sys; from tests.retention_tools import *; from pathlib import Path\n"
        "import crawler.store.retention.rules.documents as d, dataclasses\n"
        "object.__setattr__(d.RULE, 'batch', 3)\n"
        "print(pruned(with_days(Instance(Path(sys.argv[1])), documents=1))['documents'].rows)"
    )
    command = [sys.executable, "-c", program, str(instance.data)]
    kills = 0
    for delay in (0.9, 1.0, 1.1, 1.2, 1.3, 1.5):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        kills += process.wait() == -signal.SIGKILL
        answer = instance.verified()
        assert {f.what.value for f in answer.findings} <= {"checkpoint", "missing", "tile", "entries"}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ)
    assert kills
    left = rows(instance, "SELECT count(*) FROM document WHERE withdrawn_at IS NULL")
    gone = rows(instance, "SELECT count(*) FROM removed WHERE what = 'warc' AND done_at IS NOT NULL")
    assert (left, gone) == ([(0,)], [(300,)]), done.stdout
    answer = instance.verified(replay=True)
    assert (answer.findings, answer.pending, answer.documents) == ((), 0, 0)

"""Other terms over a record: what is won, lost and unknown, from stored evidence alone."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from blocklists.model import BodyKind, Entry, RecognitionKind, Scope, Status, ValueKind
from blocklists.snapshot import Listing, Snapshot
from crawler.cli import main
from crawler.config import Config
from crawler.gate import Case, Decision, judge
from crawler.impact.model import Change, Redecided
from crawler.impact.totals import MAX_DOMAINS, Totals
from crawler.lists.loading import keep_set
from crawler.scope import left_out
from crawler.store.database import open_database
from crawler.store.lists import record_set
from crawler.store.record import Record
from crawler.store.writer import Writer
from reservations.model import Evidence, Stage, Verdict
from tests.record_tools import (
    CLOSED,
    HTML,
    TERMS,
    at,
    decided,
    kept_page,
    location_files,
    page,
    place,
    recorded,
    robots,
)

OTHER_BOTS = b"User-agent: GPTBot\nDisallow: /\n"
Cli = Callable[..., tuple[int, str, str]]


def with_page(origin: str, file: Evidence, body: bytes = b"<title>x</title>", **fields: str) -> Decision:
    """A page that was fetched."""
    url = f"{origin}/page"
    return decided(url, file, *location_files(origin), page(url, body, **fields))


def archived() -> Decision:
    """Kept under `standard`; `strict` takes noarchive for a reservation."""
    return with_page("https://b.example", robots(None, "https://b.example"), X_Robots_Tag="noarchive")


def listed(host: str) -> Entry:
    return Entry(
        entry_id=host,
        value=host,
        value_kind=ValueKind.DOMAIN,
        scope=Scope.DOMAIN_AND_SUBDOMAINS,
        jurisdiction="AT",
        body="HG Wien",
        body_kind=BodyKind.COURT,
        recognition_kind=RecognitionKind.SITE_BLOCK_INJUNCTION,
        legal_ground="copyright",
        source="a",
        status=Status.ACTIVE,
        decision_ref="1/15",
        decided_on=date(2020, 1, 1),
    )


def lists(*hosts: str) -> Snapshot:
    return Snapshot(
        listings=(
            Listing.of(
                " ".join(hosts).encode(),
                name="a",
                format="hosts",
                retrieved_at=datetime(2026, 11, 1, tzinfo=UTC),
                entries=tuple(map(listed, hosts)),
            ),
        )
    )


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config.model_validate({"storage": {"data": tmp_path / "data"}})


def record_of(config: Config, *decisions: Decision, snapshot: Snapshot | None = None) -> None:
    """A crawl with these decisions, by a set of lists that is kept."""
    engine = open_database(config.database_url)
    made = snapshot or lists("listed.example")

    async def body(record: Record, writer: Writer) -> None:
        file = keep_set(config, made)
        name = f"{file.parent.name}/{file.name}"
        await writer.call(
            partial(record_set, snapshot=made, crawl_id=record._context["crawl_id"], now=at(-1), file=name)
        )
        for number, decision in enumerate(decisions):
            more: dict[str, Any] = {"answer": HTML} if decision.stage is Stage.BODY else {}
            if decision.verdict is Verdict.KEEP:
                more["document"] = place(number)
            record.decide(decision, **more)

    recorded(engine, body)
    engine.dispose()


@pytest.fixture
def cli(config: Config, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    def run(*arguments: str) -> tuple[int, str, str]:
        line = ["forbear", "impact", *arguments, "--data", str(config.storage.data), "--config", "/dev/null"]
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


def rows(cli: Cli, *arguments: str) -> list[dict[str, Any]]:
    code, out, _ = cli("--json", *arguments)
    assert code == 0
    return [json.loads(line) for line in out.splitlines()]


def totals(found: list[dict[str, Any]]) -> dict[str, int]:
    return {row["change"]: row["urls"] for row in found if row["by"] == "total" and row["urls"]}


def keys(found: list[dict[str, Any]], by: str, change: str) -> dict[str, int]:
    return {row["key"]: row["urls"] for row in found if (row["by"], row["change"]) == (by, change)}


def test_a_stricter_profile_loses_what_was_kept(config: Config, cli: Cli) -> None:
    record_of(config, kept_page(), archived())
    found = rows(cli, "--profile", "strict")
    assert totals(found) == {"lost": 1, "same": 1}
    assert keys(found, "reason", "lost") == {"noai.header": 1}
    lost = next(row for row in found if (row["by"], row["change"]) == ("domain", "lost"))
    assert (lost["key"], lost["bytes"], lost["unmeasured"], lost["example"]) == (
        "b.example", 1234, 0, "https://b.example/page",
    )  # fmt: skip


def test_what_was_never_fetched_is_unknown_and_never_won(config: Config, cli: Cli) -> None:
    """robots.txt had closed the page to others: neither the other files nor the page were asked for."""
    url = "https://c.example/page"
    file = robots(OTHER_BOTS, "https://c.example")
    record_of(config, decided(url, file, stage=Stage.BEFORE_FETCH))
    found = rows(cli, "--infer", "off")
    assert totals(found) == {"unknown": 1}
    assert keys(found, "reason", "unknown") == {"robots.other_ai_bots": 1}
    assert set(keys(found, "missing", "unknown")) == {"tdmrep.json", "ai.txt", "trust.txt", "page"}
    assert next(row for row in found if row["change"] == "unknown")["unmeasured"] == 1


def test_all_files_read_but_not_the_page_is_unknown_too(config: Config, cli: Cli) -> None:
    origin = "https://c.example"
    files = (robots(OTHER_BOTS, origin), *location_files(origin))
    head = replace(page(f"{origin}/b", X_Robots_Tag="noai"), body=b"")
    record_of(
        config,
        decided(f"{origin}/a", *files, stage=Stage.BEFORE_FETCH),
        decided(f"{origin}/b", *files, head, stage=Stage.HEADERS),
    )
    found = rows(cli, "--profile", "letter", "--use", "search")
    assert totals(found) == {"unknown": 2}
    assert keys(found, "missing", "unknown") == {"page": 1, "body": 1}


def test_a_page_that_was_read_whole_is_won(config: Config, cli: Cli) -> None:
    origin = "https://d.example"
    record_of(config, with_page(origin, robots(None, origin), b"<meta name=robots content=noai>"))
    found = rows(cli, "--use", "search")
    assert totals(found) == {"won": 1}
    assert keys(found, "reason", "won") == {"noai.meta": 1}
    assert next(row for row in found if row["change"] == "won")["bytes"] == 1234


def test_what_the_crawl_itself_left_out_stays_out(config: Config, cli: Cli) -> None:
    reason = left_out("out_of_scope", "elsewhere")
    record_of(config, decided("https://e.example/", stage=Stage.FRONTIER, found=(reason,)))
    assert totals(rows(cli, "--profile", "letter")) == {"same": 1}


def test_each_url_counts_by_its_last_decision(config: Config, cli: Cli) -> None:
    closed = decided(
        "https://example.org/page/0", robots(b"User-agent: *\nDisallow: /\n"), stage=Stage.BEFORE_FETCH
    )
    bound = decided(
        "https://example.org/page/0", stage=Stage.FRONTIER, found=(left_out("depth", "too deep"),)
    )
    record_of(config, closed, kept_page(0), bound)
    found = rows(cli, "--profile", "strict")
    assert totals(found) == {"same": 1}
    assert next(row for row in found if row["change"] == "same")["bytes"] == 1234


def test_only_what_is_asked_for(config: Config, cli: Cli) -> None:
    record_of(config, kept_page(), kept_page(1, "https://other.example", minutes=60))
    assert totals(rows(cli, "--profile", "strict", "www.other.example")) == {"same": 1}
    assert totals(rows(cli, "--profile", "strict", "--since", at(30).isoformat())) == {"same": 1}
    assert totals(rows(cli, "--profile", "strict")) == {"same": 2}


class TestLists:
    def test_another_set_shuts_a_host_that_was_kept(self, config: Config, cli: Cli, tmp_path: Path) -> None:
        record_of(config, kept_page(), kept_page(1, "https://film.example"))
        (tmp_path / "set.jsonl").write_bytes(lists("film.example").serialise())
        found = rows(cli, "--lists", str(tmp_path / "set.jsonl"))
        assert totals(found) == {"lost": 1, "same": 1}
        assert keys(found, "reason", "lost") == {"blocklist.a": 1}
        assert keys(found, "domain", "lost") == {"film.example": 1}

    def test_a_switch_that_opens_a_host_leaves_it_unknown(
        self, config: Config, cli: Cli, tmp_path: Path
    ) -> None:
        snapshot = lists("listed.example")
        url = "https://listed.example/film"
        hits = snapshot.index().lookup(url, at(0).date())
        shut = judge(Case(url=url, stage=Stage.BEFORE_FETCH, decided_at=at(0), hits=hits), TERMS)
        assert shut.reason == "blocklist.a"
        record_of(config, shut, kept_page())
        assert totals(rows(cli, "--profile", "strict")) == {"same": 2}
        other = tmp_path / "other.toml"
        other.write_text('[blocklists]\nignore = ["site_block_injunction"]\n')
        found = rows(cli, "--policy", str(other))
        assert totals(found) == {"unknown": 1, "same": 1}
        assert keys(found, "reason", "unknown") == {"blocklist.a": 1}
        assert keys(found, "missing", "unknown") == {"robots.txt": 1, "page": 1}
        other.write_text('[policy]\njurisdictions = ["AT"]\n')
        assert totals(rows(cli, "--policy", str(other))) == {"same": 2}

    def test_without_the_set_of_that_day_nothing_is_kept(
        self, config: Config, cli: Cli, tmp_path: Path
    ) -> None:
        record_of(config, kept_page())
        for file in (config.storage.data / "blocklists" / "sets").iterdir():
            file.unlink()
        (tmp_path / "other.toml").write_text('[blocklists]\nignore = ["live_event"]\n')
        found = rows(cli, "--policy", str(tmp_path / "other.toml"))
        assert totals(found) == {"lost_unknown": 1}
        assert keys(found, "missing", "lost_unknown") == {"lists": 1}


def test_a_file_without_the_section_leaves_what_was_recorded(
    config: Config, cli: Cli, tmp_path: Path
) -> None:
    """[policy] counts whole, with the defaults of keys it lacks."""
    (tmp_path / "other.toml").write_text('[policy]\nprofile = "strict"\n[crawl]\ndepth = 1\n')
    record_of(config, archived())
    assert totals(rows(cli, "--policy", str(tmp_path / "other.toml"))) == {"lost": 1}
    (tmp_path / "none.toml").write_text("[crawl]\ndepth = 1\n")
    code, _, err = cli("--policy", str(tmp_path / "none.toml"))
    assert code == 2
    assert "neither [policy] nor [blocklists]" in err


def test_what_cannot_be_judged_is_told_apart(config: Config, cli: Cli) -> None:
    record_of(config, kept_page(), decided("https://f.example/private/", robots(CLOSED, "https://f.example")))
    engine = open_database(config.database_url)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            f"UPDATE evidence SET content = CAST('x' AS BLOB) WHERE length = {len(CLOSED)}"
        )
        connection.exec_driver_sql("UPDATE decision SET stage = 'nowhere' WHERE id = 1")
    engine.dispose()
    found = rows(cli, "--profile", "strict")
    assert totals(found) == {"not_judged": 2}
    assert keys(found, "reason", "not_judged") == {
        "the stored evidence was altered": 1,
        "unreadable: ValueError: 'nowhere' is not a valid Stage": 1,
    }


def test_what_the_readers_changed_is_not_put_down_to_the_terms(config: Config, cli: Cli) -> None:
    """A decision of older readers, which kept what this release leaves out under the same terms."""
    reserved = with_page(
        "https://g.example", robots(None, "https://g.example"), b"<meta name=robots content=noai>"
    )
    record_of(config, replace(reserved, verdict=Verdict.KEEP, reasons=()))
    assert totals(rows(cli, "--profile", "strict")) == {"readers": 1}


def test_every_url_that_changes_in_a_file(config: Config, cli: Cli, tmp_path: Path) -> None:
    record_of(config, kept_page(), archived())
    code, out, err = cli("--profile", "strict", "--urls", str(tmp_path / "urls.jsonl"))
    assert code == 0
    assert "kept then, left out under the other terms" in out
    assert "2 URLs judged again in " in err
    (line,) = (tmp_path / "urls.jsonl").read_text().splitlines()
    found = json.loads(line)
    assert (found["url"], found["change"], found["verdict"], found["verdict_then"], found["reason_then"]) == (
        "https://b.example/page", "lost", "keep", "exclude", "noai.header",
    )  # fmt: skip


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_rows_in_other_formats(config: Config, cli: Cli, tmp_path: Path, form: str) -> None:
    record_of(config, kept_page())
    file = tmp_path / f"impact.{form}"
    code, _, err = cli("--profile", "strict", "--format", form, "-o", str(file))
    assert code == 0
    assert f"{len(Change)} rows in {file}" in err
    assert file.stat().st_size


def test_nothing_to_compare_is_an_error_of_usage(config: Config, cli: Cli) -> None:
    record_of(config, kept_page())
    assert cli()[0] == 2
    assert cli("--lists", "0123456789ab")[0] == 2
    assert cli("--policy", "/nowhere.toml")[0] == 2
    assert cli("--profile", "strict", "--format", "parquet")[0] == 2


def test_more_domains_than_are_counted_are_dropped_from_the_small_end_and_that_is_told() -> None:
    counted = Totals()
    usual = Redecided(
        number=1, url="https://a.example/", domain="", bytes=1, change=Change.LOST,
        before=("keep", "none"), after=("exclude", "noai.meta"), cause="noai.meta",
    )  # fmt: skip
    for number in range(MAX_DOMAINS + 10):
        counted.add(replace(usual, domain="large.example" if number % 2 else f"{number}.example"))
        counted.add(replace(usual, domain=f"{number}.example"))
    assert counted.dropped
    by_domain = [row for row in counted.rows(5) if row.by == "domain"]
    assert (by_domain[0].key, len(by_domain)) == ("large.example", 5)
    assert next(counted.rows(0)).urls == 2 * (MAX_DOMAINS + 10)

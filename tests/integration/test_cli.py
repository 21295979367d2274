"""The subcommands as a user runs them, over one crawl of the demo web."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import sqlite3
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from fastwarc.warc import ArchiveIterator
from rich.console import Console
from sqlalchemy import select
from typer.testing import CliRunner, Result

from crawler.cli import build_app
from crawler.cli.shared import FailedError
from crawler.components.run import Job, run_job
from crawler.demo import demo_instance
from crawler.demoweb.server import DemoWeb
from crawler.present import DECISION_KEYS
from crawler.store.database import open_for_reading
from crawler.store.rebuild import rejudge
from crawler.store.schema import decision

APP = build_app()


@dataclass(frozen=True)
class Desk:
    """A crawled instance, and its command line."""

    web: DemoWeb
    data: Path

    def forbear(self, *arguments: str) -> Result:
        return CliRunner().invoke(APP, [*arguments, "--data", str(self.data)])


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("desk")
    with demo_instance(folder, port=0) as (config, web):
        asyncio.run(run_job(Job(config=config, seeds=web.seeds()), Console(stderr=True, quiet=True)))
        yield Desk(web=web, data=folder)


def code_of(result: Result) -> int:
    error = result.exception
    return int(error.code) if isinstance(error, FailedError) else result.exit_code


def test_why_quotes_the_line_that_decided_and_judges_again(desk: Desk) -> None:
    done = desk.forbear("why", desk.web.url("kuestenbote", "/"))
    assert code_of(done) == 0
    assert "left out on" in done.stdout
    assert "> " in done.stdout
    assert "Disallow: /" in done.stdout
    assert "judged again from the stored bytes: the same" in done.stdout


def test_every_decision_of_the_record_comes_out_the_same(desk: Desk) -> None:
    engine = open_for_reading(f"sqlite:///{desk.data / 'forbear.db'}")
    with engine.connect() as connection:
        numbers = list(connection.scalars(select(decision.c.id)))
        differing = [number for number in numbers if not rejudge(connection, number).same]
    assert len(numbers) > 100
    assert not differing


def test_why_says_when_there_is_nothing(desk: Desk) -> None:
    done = desk.forbear("why", "https://nobody.example/")
    assert code_of(done) == 1
    assert "no decision about" in str(done.exception)


def test_why_at_a_time_before_the_crawl(desk: Desk) -> None:
    done = desk.forbear("why", desk.web.url("start", "/"), "--at", "2020-01-01")
    assert code_of(done) == 1


def test_one_flipped_byte_of_evidence_is_an_integrity_finding(desk: Desk, tmp_path: Path) -> None:
    copy = tmp_path / "forbear.db"
    with sqlite3.connect(desk.data / "forbear.db") as source, sqlite3.connect(copy) as target:
        source.backup(target)
        changed = "cast(replace(content, 'Disallow: /', 'Disallow: x') as blob)"
        target.execute(f"update evidence set content = {changed}")
    url = desk.web.url("kuestenbote", "/")
    done = CliRunner().invoke(APP, ["why", url, "--data", str(tmp_path)])
    assert code_of(done) == 4
    assert "DIFFERENTLY" in done.stdout


def test_lookup_answers_in_a_sentence(desk: Desk) -> None:
    host = desk.web.origin("museo").removeprefix("http://").partition(":")[0]
    done = desk.forbear("lookup", host)
    assert code_of(done) == 0
    assert "robots.txt disallows the page" in done.stdout
    assert "line " in done.stdout
    answer = json.loads(desk.forbear("lookup", host, "--json").stdout)
    assert answer["decisions"] > 0
    assert answer["documents"] > 0


def test_lookup_of_a_stranger_is_a_dated_nothing(desk: Desk) -> None:
    done = desk.forbear("lookup", "nobody.example")
    assert code_of(done) == 0
    assert done.stdout.startswith("Nothing of nobody.example was requested, taken or left out between")


def test_decisions_export_gives_the_same_rows_in_every_format(desk: Desk, tmp_path: Path) -> None:
    lines = [json.loads(line) for line in desk.forbear("decisions", "export").stdout.splitlines()]
    assert all(tuple(line) == DECISION_KEYS for line in lines)
    rows = list(csv.DictReader(io.StringIO(desk.forbear("decisions", "export", "--format", "csv").stdout)))
    target = tmp_path / "decisions.parquet"
    assert code_of(desk.forbear("decisions", "export", "--format", "parquet", "-o", str(target))) == 0
    urls = [line["url"] for line in lines]
    assert urls == [row["url"] for row in rows] == pq.read_table(target).column("url").to_pylist()


def test_decisions_export_filters(desk: Desk) -> None:
    done = desk.forbear("decisions", "export", "--verdict", "exclude", "--reason", "robots")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert lines
    assert all(line["reason"].startswith("robots.") for line in lines)


@pytest.mark.parametrize("form", ["warc", "jsonl", "parquet"])
def test_dataset_export_holds_what_is_kept_and_nothing_else(desk: Desk, tmp_path: Path, form: str) -> None:
    target = tmp_path / "dataset"
    assert code_of(desk.forbear("dataset", "export", "-o", str(target), "--format", form)) == 0
    kept = {u for u, e in desk.web.expected().items() if e.verdict == "keep"}
    found = set(exported(target, form))
    assert found >= kept
    assert not found & {u for u, e in desk.web.expected().items() if e.verdict != "keep"}
    assert json.loads((target / "manifest.json").read_text("utf-8"))["documents"] == len(found)


def exported(folder: Path, form: str) -> Iterator[str]:
    for path in sorted(folder.glob("dataset-*")):
        if form == "warc":
            with path.open("rb") as stream:
                for record in ArchiveIterator(stream, parse_http=False):
                    if record.headers["WARC-Type"] == "response":
                        yield record.headers["WARC-Target-URI"]
        elif form == "jsonl":
            yield from (json.loads(line)["url"] for line in path.read_text("utf-8").splitlines())
        else:
            yield from pq.read_table(path).column("url").to_pylist()


def test_dataset_export_refuses_a_folder_that_is_in_use(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine", "utf-8")
    done = desk.forbear("dataset", "export", "-o", str(tmp_path))
    assert code_of(done) == 2
    assert (tmp_path / "mine.txt").read_text("utf-8") == "mine"


def test_nothing_of_a_reserved_page_is_in_any_file(desk: Desk) -> None:
    """Titles of pages whose body was received, judged and left out, against every byte we wrote."""
    titles = [
        page.title.encode()
        for site in desk.web.sites
        for page in site.page
        if len(page.title) > 8 and site.expect_of(page).startswith("exclude") and page.status == 200
    ]
    assert len(titles) > 10
    kept = b"".join(t.encode() for t in _kept_texts(desk))
    everything = b"".join(_bytes_written(desk.data))
    leaked = [title for title in titles if title in everything and title not in kept]
    assert not leaked


def _kept_texts(desk: Desk) -> Iterator[str]:
    for site in desk.web.sites:
        yield site.title
        for page in site.page:
            if site.expect_of(page) == "keep":
                yield page.title + (page.html or "") + (page.text or "")


def _bytes_written(folder: Path) -> Iterator[bytes]:
    for path in folder.rglob("*"):
        if path.is_file() and "access" not in path.name:
            data = path.read_bytes()
            yield data
            if path.suffix == ".gz":
                yield _inflated(data)


def _inflated(data: bytes) -> bytes:
    out = bytearray()
    while data:
        inflate = zlib.decompressobj(31)
        out += inflate.decompress(data)
        data = inflate.unused_data
    return bytes(out)


def test_check_prints_the_line_and_exits_with_the_verdict(desk: Desk) -> None:
    environment = {
        "FORBEAR_NETWORK_ALLOW_PRIVATE": "true",
        "FORBEAR_CRAWLER_PRODUCT_TOKEN": "ForbearDemo",
        "FORBEAR_POLITENESS_DELAY": "0",
    }
    for site, code, words in (("backstube", 0, "would be kept"), ("kuestenbote", 1, "Disallow: /")):
        done = CliRunner(env=environment).invoke(APP, ["check", desk.web.url(site, "/")])
        assert code_of(done) == code, done.stdout
        assert words in done.stdout


def test_check_offline_decides_from_files(tmp_path: Path) -> None:
    (tmp_path / "robots.txt").write_text("User-agent: *\nContent-Signal: ai-train=no\n", "utf-8")
    arguments = ["check", "https://example.org/a", "--offline", "--evidence", str(tmp_path), "--explain"]
    done = CliRunner().invoke(APP, arguments)
    assert code_of(done) == 1
    assert "line 2" in done.stdout
    assert "Content-Signal: ai-train=no" in done.stdout


def test_init_writes_what_crawl_accepts(tmp_path: Path) -> None:
    path = tmp_path / "forbear.toml"
    arguments = ["init", "--config", str(path), "--token", "ExampleBot", "--contact", "bot@example.org"]
    done = CliRunner().invoke(APP, [*arguments, "--info-url", "https://example.org/bot"])
    assert code_of(done) == 0
    assert "ExampleBot/1.0 (+https://example.org/bot)" in done.stdout
    assert code_of(CliRunner().invoke(APP, ["init", "--config", str(path)])) == 2


def test_a_wrong_setting_names_file_line_and_remedy(tmp_path: Path) -> None:
    path = tmp_path / "forbear.toml"
    path.write_text('[crawler]\nproduct_token = "Example Bot"\n', "utf-8")
    done = CliRunner().invoke(APP, ["doctor", "--config", str(path)])
    assert code_of(done) == 2
    assert f"{path}:2" in str(done.exception)
    assert "letters" in str(done.exception)


def test_doctor_is_content_with_a_good_instance(desk: Desk) -> None:
    done = desk.forbear("doctor")
    assert "conformance vectors pass" in done.stdout
    # the demo's token is not in this shell's configuration
    assert [line.split()[1] for line in done.stdout.splitlines() if line.startswith("bad")] == ["identity"]


def test_every_subcommand_has_help_with_an_example() -> None:
    for name in ("crawl", "check", "why", "lookup", "conformance", "doctor", "init"):
        done = CliRunner().invoke(APP, [name, "--help"])
        assert f"forbear {name}" in done.stdout, name

"""What is handed over, made by the command from a crawl of the demo web and read by other people's tools."""

from __future__ import annotations

import asyncio
import csv
import json
import sqlite3
import subprocess
import sys
from base64 import b32encode
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha1, sha256
from pathlib import Path
from typing import Any

import pytest
from pyarrow import parquet as pq
from rich.console import Console
from typer.testing import CliRunner, Result
from warcio.archiveiterator import ArchiveIterator

from crawler.cli import build_app
from crawler.cli.shared import FailedError
from crawler.components.run import Job, run_job
from crawler.config import Config
from crawler.demo import demo_instance
from crawler.demoweb.server import DemoWeb
from crawler.exports.bundle.cdxj import key
from crawler.exports.working import Working
from crawler.reports import reports
from tests.foreign import environment


@dataclass(frozen=True)
class Desk:
    """A crawled instance, and its command line."""

    web: DemoWeb
    config: Config

    @property
    def data(self) -> Path:
        return self.config.storage.data

    def forbear(self, *arguments: str | Path) -> Result:
        return CliRunner().invoke(build_app(), [*map(str, arguments), "--data", str(self.data)])

    def trail(self) -> list[dict[str, Any]]:
        """The audit trail, without an entry about asking for it."""
        lines = self.forbear("export", "exports").stdout.splitlines()
        return [json.loads(line) for line in lines]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with demo_instance(tmp_path_factory.mktemp("desk"), port=0) as (config, web):
        asyncio.run(run_job(Job(config=config, seeds=web.seeds()), Console(stderr=True, quiet=True)))
        yield Desk(web=web, config=config)


def code_of(result: Result) -> int:
    error = result.exception
    return int(error.code) if isinstance(error, FailedError) else result.exit_code


def domain_of(desk: Desk, site: str) -> str:
    return desk.web.url(site, "/").split("/")[2].partition(":")[0]


# ---- rows


@pytest.mark.parametrize("name", ["decisions", "reservations", "exclusions", "identities"])
def test_a_table_goes_out_in_every_format_with_the_same_rows(desk: Desk, tmp_path: Path, name: str) -> None:
    numbers = set()
    for form in ("jsonl", "csv", "parquet"):
        target = tmp_path / f"{name}.{form}"
        assert code_of(desk.forbear("export", name, "--format", form, "-o", target)) == 0
        told = json.loads((tmp_path / f"{target.name}.manifest.json").read_text())
        assert told["files"][0]["sha256"] == sha256(target.read_bytes()).hexdigest()
        numbers.add(told["rows"])
    assert len(numbers) == 1
    assert pq.read_table(tmp_path / f"{name}.parquet").num_rows == numbers.pop()


def test_both_ways_to_export_decisions_give_the_same_bytes(desk: Desk) -> None:
    one = desk.forbear("export", "decisions", "--verdict", "exclude").stdout_bytes
    assert one == desk.forbear("decisions", "export", "--verdict", "exclude").stdout_bytes
    assert one.count(b"\n") > 10


def test_every_export_is_in_the_audit_trail(desk: Desk, tmp_path: Path) -> None:
    before = len(desk.trail())
    desk.forbear("export", "reservations", "--protocol", "tdmrep", "-o", tmp_path / "r.jsonl")
    desk.forbear("dataset", "export", "-o", tmp_path / "dataset")
    desk.forbear("report", "kpi", "-o", tmp_path / "kpi.md")
    found = desk.trail()[before:]
    assert [row["name"] for row in found[1:]] == ["reservations", "dataset", "report kpi"]
    assert json.loads(found[1]["filter"]) == {"protocol": "tdmrep"}
    assert (
        found[2]["files"][0]["sha256"]
        == sha256((tmp_path / "dataset" / "dataset-00000.warc.gz").read_bytes()).hexdigest()
    )
    assert found[3]["files"][0]["sha256"] == sha256((tmp_path / "kpi.md").read_bytes()).hexdigest()
    assert all(row["actor"] for row in found)


@pytest.mark.parametrize(
    "arguments",
    [("export", "decisions"), ("export", "sqlite"), ("report", "kpi"), ("export", "evidence", "x.org")],
)
def test_a_place_that_cannot_be_written_is_named(
    desk: Desk, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    (tmp_path / "file").write_text("")
    for target in (tmp_path / "file" / "below", *((tmp_path,) if arguments[1] != "evidence" else ())):
        done = desk.forbear(*arguments, "-o", target)
        assert code_of(done) == 2
        assert str(target) in str(done.exception)
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_options_that_mean_nothing_for_a_table_are_refused(desk: Desk) -> None:
    assert code_of(desk.forbear("export", "identities", "--domain", "example.org")) == 2
    assert code_of(desk.forbear("export", "decisions", "--format", "xml")) == 2
    assert code_of(desk.forbear("export", "decisions", "--format", "parquet")) == 2
    assert code_of(desk.forbear("export", "decisions", "--since", "yesterday")) == 2
    assert code_of(desk.forbear("export", "schema", "nothing")) == 2


# ---- the record as SQLite


@pytest.fixture(scope="module")
def snapshot(desk: Desk, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("snapshot") / "record.db"
    assert code_of(desk.forbear("export", "sqlite", "-o", file)) == 0
    return file


def test_the_snapshot_is_whole_and_says_what_it_is(desk: Desk, snapshot: Path) -> None:
    with sqlite3.connect(f"file:{snapshot}?mode=ro", uri=True) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        about = dict(connection.execute("SELECT * FROM about"))
        decisions = connection.execute("SELECT count(*) FROM decision").fetchone()[0]
        assert about == {"software": "Forbear/0.1.0", "as_of": str(decisions)}
        for view in ("decisions_in_short", "left_out_by_reason", "documents_not_withdrawn"):
            assert connection.execute(f"SELECT count(*) FROM {view}").fetchone()[0]
    assert not list(snapshot.parent.glob("record.db-*"))


def test_nothing_private_is_in_the_snapshot(snapshot: Path) -> None:
    with sqlite3.connect(snapshot) as connection:
        names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert not names & {"complaint", "ownership", "audit", "log_entry", "frontier_url", "export"}
    assert {"decision", "evidence", "reservation", "document", "crawl"} <= names


def test_the_same_record_gives_the_same_snapshot(desk: Desk, snapshot: Path, tmp_path: Path) -> None:
    desk.forbear("export", "sqlite", "-o", tmp_path / "again.db")
    assert (tmp_path / "again.db").read_bytes() == snapshot.read_bytes()


@pytest.mark.slow
def test_datasette_opens_the_snapshot(snapshot: Path) -> None:
    app = pytest.importorskip("datasette.app")

    async def ask() -> tuple[Any, Any]:
        site = app.Datasette(files=[], immutables=[str(snapshot)])
        await site.invoke_startup()
        table = await site.client.get("/record/left_out_by_reason.json?_shape=array")
        page = await site.client.get("/record/decision")
        return table, page

    table, page = asyncio.run(ask())
    assert {row["reason"] for row in table.json()} >= {"robots.disallow", "tdmrep.file"}
    assert page.status_code == 200


# ---- everything on one domain


@pytest.fixture(scope="module")
def bundle(desk: Desk, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundle") / "everything"
    domain = domain_of(desk, "kuestenbote")
    assert code_of(desk.forbear("export", "evidence", domain, "-o", folder)) == 0
    return folder


def records(path: Path) -> Iterator[tuple[Any, bytes, int, int]]:
    with path.open("rb") as stream:
        iterator = ArchiveIterator(stream, check_digests="raise")
        for record in iterator:
            body = record.content_stream().read()
            yield record, body, iterator.get_record_offset(), iterator.get_record_length()


def test_the_manifest_accounts_for_every_file(bundle: Path) -> None:
    told = json.loads((bundle / "manifest.json").read_text())
    assert {f["name"] for f in told["files"]} == {p.name for p in bundle.iterdir()} - {"manifest.json"}
    for file in told["files"]:
        assert sha256((bundle / file["name"]).read_bytes()).hexdigest() == file["sha256"]


def test_the_files_of_a_site_are_there_as_received(desk: Desk, bundle: Path) -> None:
    bodies = {
        record.rec_headers["WARC-Target-URI"]: body
        for record, body, *_ in records(bundle / "evidence.warc.gz")
        if record.rec_type == "response"
    }
    robots = bodies[desk.web.url("kuestenbote", "/robots.txt")]
    told = [json.loads(line) for line in (bundle / "reservations.jsonl").open()]
    assert sha256(robots).hexdigest() in {row["evidence"] for row in told}


def test_the_index_points_to_the_records(bundle: Path) -> None:
    places = {
        (str(offset), str(length)): record
        for record, _, offset, length in records(bundle / "evidence.warc.gz")
        if record.rec_type == "response"
    }
    lines = (bundle / "evidence.cdxj").read_bytes().splitlines()
    assert lines == sorted(lines)
    assert len(lines) == len(places)
    for line in lines:
        name, time, text = line.decode("ascii").split(" ", 2)
        told = json.loads(text)
        record = places[told["offset"], told["length"]]
        assert told["url"] == record.rec_headers["WARC-Target-URI"]
        assert told["status"] == record.http_headers.get_statuscode()
        assert name == key(told["url"])
        assert time == record.rec_headers["WARC-Date"].translate(str.maketrans("", "", "-:TZ"))[:14]


def test_the_same_record_gives_the_same_bundle(desk: Desk, bundle: Path, tmp_path: Path) -> None:
    desk.forbear("export", "evidence", domain_of(desk, "kuestenbote"), "-o", tmp_path / "again")
    for file in bundle.iterdir():
        if file.name != "manifest.json":
            assert (tmp_path / "again" / file.name).read_bytes() == file.read_bytes(), file.name


def test_documents_can_be_left_behind(desk: Desk, tmp_path: Path) -> None:
    domain = domain_of(desk, "start")
    assert code_of(desk.forbear("export", "evidence", domain, "-o", tmp_path / "b", "--no-documents")) == 0
    kept = {
        record.rec_headers["WARC-Target-URI"]
        for record, *_ in records(tmp_path / "b" / "evidence.warc.gz")
        if record.rec_type == "response"
    }
    assert kept
    assert all(url.endswith((".txt", ".json", ".xml")) for url in kept)


def test_a_folder_in_use_and_a_name_that_is_none_are_refused(desk: Desk, bundle: Path) -> None:
    assert code_of(desk.forbear("export", "evidence", "example.org", "-o", bundle)) == 2
    assert code_of(desk.forbear("export", "evidence", "//", "-o", bundle.parent / "x")) == 2


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://www.Example.org:443/", "org,example)/"),
        ("http://example.org:8080/A/B/", "org,example:8080)/a/b"),
        ("http://www2.example.org/x?b=2&a=1#f", "org,example)/x?a=1&b=2"),
        ("http://127.0.0.1/robots.txt", "1,0,0,127)/robots.txt"),
        ("http://example.org", "org,example)/"),
        ("http://example.org/\u202eü b", "org,example)/%e2%80%ae%c3%bc%20b"),
        ("http://[::1", "http://[::1"),
    ],
)
def test_keys_of_the_index(url: str, expected: str) -> None:
    assert key(url) == expected


@pytest.mark.slow
def test_pywb_makes_the_same_index(bundle: Path) -> None:
    program = environment("pywb==2.10.0") / "bin/cdx-indexer"
    command = [program, "-j", "-s", str(bundle / "evidence.warc.gz")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == (bundle / "evidence.cdxj").read_text()


# ---- taking back


def digests(folder: Path) -> set[str]:
    manifest = json.loads((folder / "manifest.json").read_text())
    (file,) = manifest["files"]
    path = folder / file["name"]
    if manifest["format"] == "jsonl":
        return {json.loads(line)["body_sha256"] for line in path.open()}
    return {row["body_sha256"] for row in pq.read_table(path).to_pylist()}


def test_what_is_taken_back_is_named_in_the_keys_of_every_earlier_export(desk: Desk, tmp_path: Path) -> None:
    earlier = []
    for form in ("warc", "jsonl", "parquet"):
        earlier += ["--from", tmp_path / form]
        assert code_of(desk.forbear("dataset", "export", "--format", form, "-o", tmp_path / form)) == 0
        assert code_of(desk.forbear("dataset", "check", tmp_path / form)) == 0
    url = desk.web.url("start", "/")
    why = "complaint 17, =1+1"
    done = desk.forbear(
        "dataset", "withdraw", "--url", url, "--reason", why, "-o", tmp_path / "out", *earlier
    )
    assert code_of(done) == 0
    (row,) = (json.loads(line) for line in (tmp_path / "out" / "removals.jsonl").open())
    assert (row["url"], row["reason"]) == (url, why)
    assert (tmp_path / "out" / "urls.txt").read_text() == url + "\n"
    assert (tmp_path / "out" / "sha256.txt").read_text() == row["body_sha256"] + "\n"
    spots = [json.loads((tmp_path / "out" / f"in-export-{n}.jsonl").read_text()) for n in (1, 2, 3)]
    check_spots(tmp_path, spots, row)
    assert [code_of(desk.forbear("dataset", "check", tmp_path / f)) for f in ("warc", "jsonl")] == [1, 1]
    assert code_of(desk.forbear("dataset", "export", "--format", "jsonl", "-o", tmp_path / "new")) == 0
    assert digests(tmp_path / "jsonl") - digests(tmp_path / "new") == {row["body_sha256"]}
    assert code_of(desk.forbear("dataset", "check", tmp_path / "new")) == 0
    assert json.loads(desk.forbear("export", "withdrawals").stdout)["reason"] == why
    assert (
        code_of(desk.forbear("dataset", "withdraw", "--url", url, "--reason", "x", "-o", tmp_path / "y")) == 1
    )


def check_spots(folder: Path, spots: list[dict[str, Any]], row: dict[str, Any]) -> None:
    in_warc, in_lines, in_table = spots
    data = (folder / "warc" / in_warc["file"]).read_bytes()[in_warc["offset"] :][: in_warc["length"]]
    import gzip

    assert row["url"].encode() in gzip.decompress(data)
    line = (folder / "jsonl" / in_lines["file"]).read_text().splitlines()[in_lines["line"] - 1]
    assert json.loads(line)["decision"] == row["decision"]
    table = pq.read_table(folder / "parquet" / in_table["file"]).to_pylist()
    assert table[in_table["row"]]["decision"] == row["decision"]


def test_a_changed_export_is_not_searched(desk: Desk, tmp_path: Path) -> None:
    desk.forbear("dataset", "export", "--format", "jsonl", "-o", tmp_path / "d")
    file = tmp_path / "d" / "dataset-00000.jsonl"
    file.write_bytes(file.read_bytes() + b"\n")
    assert code_of(desk.forbear("dataset", "check", tmp_path / "d")) == 4
    url = desk.web.url("kuestenbote", "/")
    arguments = ("--url", url, "--reason", "x", "-o", tmp_path / "o", "--from", tmp_path / "d")
    assert code_of(desk.forbear("dataset", "withdraw", *arguments)) in (1, 4)
    assert not (tmp_path / "o").exists()
    assert code_of(desk.forbear("dataset", "check", tmp_path / "nothing")) == 4


def test_to_withdraw_says_what(desk: Desk, tmp_path: Path) -> None:
    assert code_of(desk.forbear("dataset", "withdraw", "--reason", "x", "-o", tmp_path / "o")) == 2


@pytest.mark.parametrize("form", ["jsonl", "warc", "parquet"])
def test_a_dataset_export_that_died_goes_on_after_its_last_part(
    desk: Desk, tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class DeathError(BaseException):
        pass

    def dies_at(number: int) -> None:
        def dies(self: Working, *told: Any) -> None:
            nonlocal number
            save(self, *told)
            number -= 1
            if not number:
                raise DeathError

        monkeypatch.setattr(Working, "save", dies)

    save = Working.save
    monkeypatch.setattr("crawler.exports.dataset.export.PART_BYTES", 4000)
    monkeypatch.setattr("crawler.exports.dataset.parquet_format.GROUP_ROWS", 2)
    words = ("dataset", "export", "--format", form, "-o", tmp_path / "broken" / "d")
    for commits in (2, 3, 4):
        dies_at(commits)
        with pytest.raises(DeathError):
            desk.forbear(*words)
        assert [p.name for p in (tmp_path / "broken").iterdir()] == [".d.partial"]
    dies_at(0)
    refused = desk.forbear(*words, "--media-type", "text/html")
    assert (code_of(refused), "--restart" in str(refused.exception)) == (2, True)
    assert code_of(desk.forbear(*words)) == 0
    assert [row["target"] for row in desk.trail()].count(str(tmp_path / "broken" / "d")) == 1
    manifest = json.loads((tmp_path / "broken" / "d" / "manifest.json").read_text())
    assert len(manifest["files"]) > 3
    # An export that began at the same moment, and was never interrupted.
    command = sys.modules["crawler.cli.dataset.export"]
    monkeypatch.setattr(command, "datetime", _stopped(manifest["kept_as_of"]))
    assert code_of(desk.forbear("dataset", "export", "--format", form, "-o", tmp_path / "whole")) == 0
    whole = {p.name: p.read_bytes() for p in (tmp_path / "whole").iterdir()}
    assert {p.name: p.read_bytes() for p in (tmp_path / "broken" / "d").iterdir()} == whole
    assert [p.name for p in (tmp_path / "broken").iterdir()] == ["d"]


def _stopped(moment: str) -> type[datetime]:
    class Stopped(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return datetime.fromisoformat(moment)

    return Stopped


def test_main_text_stands_beside_the_text(desk: Desk, tmp_path: Path) -> None:
    pytest.importorskip("trafilatura")
    arguments = ("dataset", "export", "--main-text", "--format")
    assert code_of(desk.forbear(*arguments, "jsonl", "-o", tmp_path / "j")) == 0
    assert code_of(desk.forbear(*arguments, "parquet", "-o", tmp_path / "p")) == 0
    assert code_of(desk.forbear(*arguments, "warc", "-o", tmp_path / "w")) == 2
    manifest = json.loads((tmp_path / "j" / "manifest.json").read_text())
    assert manifest["main_text"].startswith("trafilatura ")
    assert ", py3langid " in manifest["main_text"]
    lines = [json.loads(line) for line in (tmp_path / "j" / "dataset-00000.jsonl").open()]
    pages = [row for row in lines if row["media_type"] == "text/html"]
    assert any(row["main_text"] for row in pages)
    assert {row["declared_language"] for row in pages} >= {"en", "de"}
    assert {row["language"] for row in pages} >= {"en", "de"}
    told = [(row["language"], row["declared_language"]) for row in pages]
    surely = [one == other[:2] for one, other in told if one and other]
    assert sum(surely) > 0.8 * len(surely)
    assert all(row["main_text"] is None for row in lines if row["media_type"].startswith("image/"))
    table = pq.read_table(tmp_path / "p" / "dataset-00000.parquet").to_pylist()
    assert [row["main_text"] for row in table] == [row["main_text"] for row in lines]


# ---- reports


@pytest.mark.parametrize("name", sorted(set(reports()) - {"croissant"}))
def test_every_report_is_made_by_its_command(desk: Desk, tmp_path: Path, name: str) -> None:
    for form in reports()[name].formats:
        target = tmp_path / f"{name}.{form}"
        assert code_of(desk.forbear("report", name, "--format", form, "-o", target)) == 0
        assert desk.forbear("report", name, "--help").exit_code == 0
        assert target.stat().st_size > 100


def test_a_list_of_domains_can_be_made_again(desk: Desk, tmp_path: Path) -> None:
    target = tmp_path / "domains.csv"
    desk.forbear("report", "training-summary", "--sme", "--format", "csv", "-o", target)
    number = desk.trail()[-1]["export"]
    desk.forbear(
        "dataset", "withdraw", "--url", desk.web.url("museo", "/"), "--reason", "x", "-o", tmp_path / "r"
    )
    done = desk.forbear("report", "question", "summary-again", "--number", str(number))
    assert "the same file, byte for byte" in done.stdout
    assert code_of(desk.forbear("report", "question", "6", "--number", "999999")) == 2
    with target.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert list(rows[0])[:8] == [
        "rank", "registrable_domain", "modality", "kept_bytes", "kept_documents", "first_fetch",
        "last_fetch", "share_of_bytes",
    ]  # fmt: skip


def test_what_the_provider_states_comes_from_a_file(desk: Desk, tmp_path: Path) -> None:
    stated = tmp_path / "stated.toml"
    stated.write_text('"2.3.0" = "Yes"\n')
    done = desk.forbear("report", "training-summary", "--stated", stated)
    assert "\nYes\n" in done.stdout
    stated.write_text('"2.3.0" = true\n')
    assert code_of(desk.forbear("report", "training-summary", "--stated", stated)) == 2
    assert code_of(desk.forbear("report", "training-summary", "--stated", tmp_path / "none")) == 2
    assert code_of(desk.forbear("report", "kpi", "--format", "html")) == 2


@pytest.mark.parametrize("form", ["warc", "jsonl", "parquet"])
def test_the_card_of_a_data_set_is_valid_croissant(desk: Desk, tmp_path: Path, form: str) -> None:
    mlc = pytest.importorskip("mlcroissant")
    folder = tmp_path / form
    desk.forbear("dataset", "export", "--format", form, "-o", folder)
    stated = tmp_path / "stated.toml"
    stated.write_text('license = "https://creativecommons.org/licenses/by/4.0/"\n')
    card = folder / "croissant.json"
    done = desk.forbear("report", "croissant", "--dataset", folder, "--stated", stated, "-o", card)
    assert code_of(done) == 0
    dataset = mlc.Dataset(str(card))
    assert dataset.metadata.issues.report() == ""
    assert dataset.metadata.ctx.conforms_to.value == "http://mlcommons.org/croissant/1.1"
    told = json.loads(card.read_text())
    assert told["rai:dataCollectionType"] == ["Web Crawling"]
    assert "robots.disallow" in told["rai:dataCollectionMissingData"]
    if form != "warc":
        first = next(iter(dataset.records("documents-00000")))
        assert first["documents-00000/url"].decode().startswith("http://127.0.1.")


def test_a_card_needs_a_data_set(desk: Desk, tmp_path: Path) -> None:
    assert code_of(desk.forbear("report", "croissant")) == 2
    assert code_of(desk.forbear("report", "croissant", "--dataset", tmp_path)) == 2


def test_a_warc_record_has_the_digest_the_index_says(bundle: Path) -> None:
    told = {json.loads(line.split(" ", 2)[2])["digest"] for line in (bundle / "evidence.cdxj").open()}
    found = {
        b32encode(sha1(body, usedforsecurity=False).digest()).decode()
        for record, body, *_ in records(bundle / "evidence.warc.gz")
        if record.rec_type == "response" and not record.http_headers.get_header("Content-Encoding")
    }
    assert found <= told

"""Crawls that others made, written by warcio and by vandals: every page judged, all damage told."""

from __future__ import annotations

import gzip
import io
import json
import resource
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet as pq
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from blocklists.snapshot import Snapshot
from crawler.audit import run, seen_files
from crawler.audit.inputs import InputError, kind_of
from crawler.audit.model import AuditRow, Trouble
from crawler.audit.run import Audit, Order
from crawler.cli import main
from crawler.config import Config
from crawler.lists.loading import save_imported
from tests.integration.test_impact import lists

SITE = "https://example.org"
DATE = "2026-11-20T10:00:00Z"
HTML = b"<!doctype html><title>x</title><p>text</p>"
OTHER_FILES = ("/.well-known/tdmrep.json", "/ai.txt", "/trust.txt", "/.well-known/trust.txt")
Cli = Callable[..., tuple[int, str, str]]


class Foreign:
    """A WARC file as warcio writes it, record by record."""

    def __init__(self, *, packed: bool = True) -> None:
        self._out = io.BytesIO()
        self._writer = WARCWriter(self._out, gzip=packed)
        self.offsets: list[int] = []

    def add(
        self,
        url: str,
        body: bytes = HTML,
        status: str = "200 OK",
        kind: str = "response",
        date: str = DATE,
        **fields: str,
    ) -> Foreign:
        self.offsets.append(self._out.tell())
        head = None
        more = {"WARC-Date": date}
        if kind in ("response", "revisit"):
            lines = {"Content-Type": "text/html", **{k.replace("_", "-"): v for k, v in fields.items()}}
            head = StatusAndHeaders(status, list(lines.items()), protocol="HTTP/1.1")
        else:
            more |= {k.replace("_", "-"): v for k, v in fields.items()}
        record = self._writer.create_warc_record(
            url, kind, payload=io.BytesIO(body), http_headers=head, warc_headers_dict=more
        )
        self._writer.write_record(record)
        return self

    def site(self, robots: bytes = b"", origin: str = SITE, date: str = DATE) -> Foreign:
        """Every location file of an origin, of which there is only a robots.txt."""
        self.add(f"{origin}/robots.txt", robots, Content_Type="text/plain", date=date)
        for path in OTHER_FILES:
            self.add(origin + path, b"no", "404 Not Found", date=date)
        return self

    @property
    def data(self) -> bytes:
        return self._out.getvalue()

    def write(self, path: Path) -> Path:
        path.write_bytes(self.data)
        return path


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config.model_validate({"storage": {"data": tmp_path / "data"}})


def audited(config: Config, *files: Path, **order: Any) -> tuple[list[AuditRow], list[Trouble]]:
    found = list(Audit(config, Order(files=files, **order)).results())
    rows = [each for each in found if isinstance(each, AuditRow)]
    return rows, [each for each in found if isinstance(each, Trouble)]


def verdicts(config: Config, *files: Path, **order: Any) -> list[tuple[str, str, str]]:
    rows, troubles = audited(config, *files, **order)
    assert troubles == []
    return [(row.page.url.removeprefix(SITE), row.verdict, row.reason) for row in rows]


@pytest.fixture
def cli(config: Config, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    def call(*arguments: str, settings: str = "/dev/null") -> tuple[int, str, str]:
        line = ["forbear", "audit", *arguments, "--data", str(config.storage.data), "--config", settings]
        monkeypatch.setattr(sys, "argv", line)
        code: object = 0
        try:
            main()
        except SystemExit as error:
            code = error.code or 0
        out, err = capsys.readouterr()
        assert isinstance(code, int)
        return code, out, err

    return call


class TestWarc:
    def test_every_signal_of_a_record_decides(self, config: Config, tmp_path: Path) -> None:
        file = (
            Foreign()
            .site(b"User-agent: *\nDisallow: /private/\n")
            .add(f"{SITE}/open")
            .add(f"{SITE}/private/a")
            .add(f"{SITE}/header", tdm_reservation="1")
            .add(f"{SITE}/meta", b"<meta name=robots content=noai>")
            .add(
                f"{SITE}/paid",
                b'<script type="application/ld+json">{"@type":"News","isAccessibleForFree":false}</script>',
            )
            .add(f"{SITE}/gone", b"", "404 Not Found")
            .add(f"{SITE}/moved", b"", "301 Moved", Location="/open")
            .write(tmp_path / "a.warc.gz")
        )
        assert verdicts(config, file) == [
            ("/open", "keep", "none"),
            ("/private/a", "exclude", "robots.disallow"),
            ("/header", "exclude", "tdmrep.header"),
            ("/meta", "exclude", "noai.meta"),
            ("/paid", "exclude", "access.paywall"),
            ("/gone", "exclude", "error.http_404"),
            ("/moved", "exclude", "error.redirect"),
        ]  # fmt: skip

    @pytest.mark.parametrize("packed", [True, False])
    def test_files_may_come_after_the_page_and_in_another_file(
        self, config: Config, tmp_path: Path, packed: bool
    ) -> None:
        pages = Foreign(packed=packed).add(f"{SITE}/a").add(f"{SITE}/b").write(tmp_path / "pages.warc")
        files = Foreign(packed=packed).site(b"User-agent: *\nDisallow: /b\n").write(tmp_path / "robots.warc")
        assert verdicts(config, pages, files) == [
            ("/a", "keep", "none"), ("/b", "exclude", "robots.disallow"),
        ]  # fmt: skip

    def test_a_file_that_is_one_gzip_member(self, config: Config, tmp_path: Path) -> None:
        plain = Foreign(packed=False).site().add(f"{SITE}/a")
        (tmp_path / "a.warc.gz").write_bytes(gzip.compress(plain.data))
        assert verdicts(config, tmp_path / "a.warc.gz") == [("/a", "keep", "none")]

    def test_what_is_not_in_the_input_is_unknown(self, config: Config, tmp_path: Path) -> None:
        file = Foreign().add(f"{SITE}/a").write(tmp_path / "a.warc.gz")
        (row,), _ = audited(config, file)
        assert (row.verdict, row.reason, row.missing) == (
            "unknown",
            "error.evidence_missing",
            ("robots.txt",),
        )
        more = Foreign().add(f"{SITE}/robots.txt", b"").write(tmp_path / "b.warc.gz")
        (row,), _ = audited(config, file, more)
        assert (row.verdict, set(row.missing)) == ("unknown", {"tdmrep.json", "ai.txt", "trust.txt"})

    def test_files_of_the_time_of_the_page_are_used(self, config: Config, tmp_path: Path) -> None:
        """Open on the first day, closed on the third; each page by the file nearest to it."""
        closed = b"User-agent: *\nDisallow: /\n"
        file = (
            Foreign()
            .site(b"", date="2026-11-01T00:00:00Z")
            .site(closed, date="2026-11-03T00:00:00Z")
            .add(f"{SITE}/first", date="2026-11-01T10:00:00Z")
            .add(f"{SITE}/third", date="2026-11-03T10:00:00Z")
            .write(tmp_path / "a.warc.gz")
        )
        assert verdicts(config, file) == [
            ("/first", "keep", "none"), ("/third", "exclude", "robots.disallow"),
        ]  # fmt: skip

    def test_an_old_file_reserves_and_its_silence_says_nothing(self, config: Config, tmp_path: Path) -> None:
        file = (
            Foreign()
            .site(b"User-agent: *\nDisallow: /b\n", date="2026-11-01T00:00:00Z")
            .add(f"{SITE}/a", date="2026-11-05T00:00:00Z")
            .add(f"{SITE}/b", date="2026-11-05T00:00:00Z")
            .write(tmp_path / "a.warc.gz")
        )
        (one, other), _ = audited(config, file)
        assert (one.verdict, one.missing[0]) == ("unknown", "recent robots.txt")
        assert (other.verdict, other.reason) == ("exclude", "robots.disallow")

    def test_robots_behind_a_redirect(self, config: Config, tmp_path: Path) -> None:
        """Followed within the input; what leads out of it is unknown."""
        www = "https://www.example.org"
        file = (
            Foreign()
            .site(b"User-agent: *\nDisallow: /b\n", origin=www)
            .add(f"{SITE}/robots.txt", b"", "301 Moved", Location=f"{www}/robots.txt")
            .add(f"{SITE}/b")
            .add(
                "https://other.example/robots.txt",
                b"",
                "301 Moved",
                Location="https://out.example/robots.txt",
            )
            .add("https://other.example/b")
            .write(tmp_path / "a.warc.gz")
        )
        (one, other), _ = audited(config, file)
        assert (one.verdict, one.reason) == ("exclude", "robots.disallow")
        assert (other.verdict, other.missing) == ("unknown", ("robots.txt",))

    def test_a_licence_that_robots_txt_names_is_read_from_the_input(
        self, config: Config, tmp_path: Path
    ) -> None:
        licence = (
            b'<rsl xmlns="https://rslstandard.org/rsl"><content url="/"><license><prohibits type="usage">'
            b"ai-train</prohibits></license></content></rsl>"
        )
        robots = f"License: {SITE}/licence.xml\n".encode()
        without = Foreign().site(robots).add(f"{SITE}/a").write(tmp_path / "a.warc.gz")
        (row,), _ = audited(config, without)
        assert (row.verdict, row.missing) == ("unknown", ("rsl",))
        more = Foreign().add(f"{SITE}/licence.xml", licence, Content_Type="application/rsl+xml")
        rows, _ = audited(config, without, more.write(tmp_path / "b.warc.gz"))
        assert (rows[0].verdict, rows[0].reason) == ("exclude", "rsl.prohibited")

    def test_terms_that_a_page_links_have_to_be_read_where_they_bind(
        self, config: Config, tmp_path: Path
    ) -> None:
        page = b"<title>x</title><p>x</p><footer><a href='/terms' rel='terms-of-service'>Terms</a></footer>"
        file = Foreign().site().add(f"{SITE}/a", page).add(f"{SITE}/b").write(tmp_path / "a.warc.gz")
        assert [verdict for _, verdict, _ in verdicts(config, file)] == ["keep", "keep"]
        rows, _ = audited(config.merged(policy={"profile": "strict"}), file)
        assert [(r.verdict, r.missing) for r in rows] == [("unknown", ("terms",)), ("keep", ())]

    def test_bodies_in_codings(self, config: Config, tmp_path: Path) -> None:
        meta = b"<meta name=robots content=noai>"
        chunked = b"5\r\n<meta\r\n1a;x=y\r\n name=robots content=noai>\r\n0\r\n\r\n"
        file = (
            Foreign()
            .site()
            .add(f"{SITE}/gzip", gzip.compress(meta), Content_Encoding="gzip")
            .add(f"{SITE}/undone", meta, Content_Encoding="gzip")
            .add(f"{SITE}/chunked", chunked, Transfer_Encoding="chunked")
            .add(f"{SITE}/joined", meta, Transfer_Encoding="chunked")
            .add(f"{SITE}/odd", b"\0\1", Content_Encoding="sdch")
            .add(f"{SITE}/broken", chunked[:-9], Transfer_Encoding="chunked")
            .write(tmp_path / "a.warc.gz")
        )
        assert [(url, verdict) for url, verdict, _ in verdicts(config, file)] == [
            ("/gzip", "exclude"), ("/undone", "exclude"), ("/chunked", "exclude"), ("/joined", "exclude"),
            ("/odd", "unknown"), ("/broken", "unknown"),
        ]  # fmt: skip

    def test_kinds_of_records(self, config: Config, tmp_path: Path) -> None:
        meta = b"<meta name=robots content=noai>"
        file = (
            Foreign()
            .site()
            .add(f"{SITE}/again", b"", kind="revisit")
            .add(f"{SITE}/again-reserved", b"", kind="revisit", X_Robots_Tag="noai")
            .add(f"{SITE}/resource", HTML, kind="resource", Content_Type="text/html")
            .add(f"{SITE}/resource-reserved", meta, kind="resource", Content_Type="text/html")
            .add(f"{SITE}/text", b"words", kind="conversion", Content_Type="text/plain")
            .add(f"{SITE}/asked", b"GET / HTTP/1.1\r\n\r\n", kind="metadata")
            .add("dns:example.org", b"x", kind="resource", Content_Type="text/dns")
            .write(tmp_path / "a.warc.gz")
        )
        rows, troubles = audited(config, file)
        assert troubles == []
        assert [(r.page.url.removeprefix(SITE), r.verdict, r.missing) for r in rows] == [
            ("/again", "unknown", ("body",)),
            ("/again-reserved", "exclude", ()),
            ("/resource", "unknown", ("head",)),
            ("/resource-reserved", "exclude", ()),
            ("/text", "unknown", ("head", "body")),
        ]  # fmt: skip

    def test_a_record_that_was_cut_is_unknown_unless_what_is_there_reserves(
        self, config: Config, tmp_path: Path
    ) -> None:
        made = Foreign(packed=False).site()
        made.add(f"{SITE}/a").add(f"{SITE}/b", b"<meta name=robots content=noai>")
        page = made.offsets[-2]
        mark = b"WARC-Type: response\r\n"
        cut = made.data[page:].replace(mark, mark + b"WARC-Truncated: length\r\n")
        (tmp_path / "a.warc").write_bytes(made.data[:page] + cut)
        assert verdicts(config, tmp_path / "a.warc") == [
            ("/a", "unknown", "error.truncated"), ("/b", "exclude", "noai.meta"),
        ]  # fmt: skip

    def test_a_body_beyond_the_bound_is_unknown(self, tmp_path: Path) -> None:
        config = Config.model_validate({"storage": {"data": tmp_path / "data"}, "crawl": {"max_body": 2000}})
        file = (
            Foreign()
            .site()
            .add(f"{SITE}/large", HTML + b"x" * 400_000)
            .add(f"{SITE}/bomb", gzip.compress(b"x" * 10_000_000), Content_Encoding="gzip")
            .add(f"{SITE}/small")
            .write(tmp_path / "a.warc.gz")
        )
        assert verdicts(config, file) == [
            ("/large", "unknown", "error.too_large"),
            ("/bomb", "unknown", "error.too_large"),
            ("/small", "keep", "none"),
        ]  # fmt: skip

    def test_lists_of_the_day_of_the_record(self, config: Config, tmp_path: Path) -> None:
        snapshot: Snapshot = lists("listed.example")
        save_imported(config, snapshot)
        file = (
            Foreign()
            .add("https://www.listed.example/a")
            .add("https://www.listed.example/b", date="2019-12-31T23:00:00Z")
            .write(tmp_path / "a.warc.gz")
        )
        rows, _ = audited(config, file)
        assert [(r.verdict, r.reason) for r in rows] == [
            ("exclude", "blocklist.a"), ("unknown", "error.evidence_missing"),
        ]  # fmt: skip


def hurt(name: str, made: Foreign) -> bytes:
    """A file of three pages whose second record is damaged."""
    data, (_, second, third) = made.data, made.offsets
    match name:
        case "cut off":
            return data[: third - 20]
        case "garbage between":
            return data[:second] + b"\x00garbage" * 50 + data[second:]
        case "a byte changed":
            middle = (second + third) // 2
            return data[:middle] + bytes([data[middle] ^ 0xFF]) + data[middle + 1 :]
        case _:
            return data[:second] + HEADS[name] + data[third:]


def member(head: bytes, block: bytes = b"") -> bytes:
    return gzip.compress(b"WARC/1.0\r\n" + head + b"\r\n" + block)


TARGET = (
    b"WARC-Type: response\r\nWARC-Target-URI: https://example.org/x\r\nWARC-Date: 2026-11-20T10:00:00Z\r\n"
)
HEADS = {
    "length too long": member(TARGET + b"Content-Length: 500\r\n", b"HTTP/1.1 200 OK\r\n\r\nx\r\n\r\n"),
    "length too short": member(TARGET + b"Content-Length: 3\r\n", b"HTTP/1.1 200 OK\r\n\r\nx\r\n\r\n"),
    "length negative": member(TARGET + b"Content-Length: -1\r\n", b"\r\n\r\n"),
    "length of a planet": member(TARGET + b"Content-Length: 999999999999999999\r\n", b"x\r\n\r\n"),
    "length no number": member(TARGET + "Content-Length: ٣\r\n".encode(), b"x\r\n\r\n"),
    "no length": member(TARGET, b"\r\n\r\n"),
    "no version": gzip.compress(b"HTTP/1.1 200 OK\r\n\r\n"),
    "a bomb of header lines": member(b"X-A: b\r\n" * 5_000_000),
    "a bomb of one line": member(b"X-A: " + b"b" * 60_000_000),
    "a bomb of empty lines": gzip.compress(b"\r\n" * 20_000_000),
    "a bomb in the answer's head": member(
        TARGET + b"Content-Length: 40000017\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n\t" * 5_000_000 + b"\r\n\r\n",
    ),
    "no answer": member(TARGET + b"Content-Length: 5\r\n", b"hello\r\n\r\n"),
}


class TestDamage:
    @pytest.mark.parametrize("name", ["cut off", "garbage between", "a byte changed", *HEADS])
    def test_damage_is_told_with_its_place_and_the_rest_is_judged(
        self, config: Config, tmp_path: Path, name: str
    ) -> None:
        made = Foreign()
        for path in "abc":
            made.add(f"{SITE}/{path}", HTML + path.encode() * 50)
        (tmp_path / "a.warc.gz").write_bytes(hurt(name, made))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        rows, troubles = audited(config, tmp_path / "a.warc.gz")
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        urls = [row.page.url.rpartition("/")[2] for row in rows]
        assert urls == {"cut off": ["a"], "garbage between": ["a", "b", "c"]}.get(name, ["a", "c"])
        assert len(troubles) == 1
        assert (troubles[0].file, troubles[0].unit) == (str(tmp_path / "a.warc.gz"), "byte")
        assert troubles[0].offset == made.offsets[1]
        assert after - before < 60_000  # KiB

    def test_a_plain_file_goes_on_behind_the_damage(self, config: Config, tmp_path: Path) -> None:
        made = Foreign(packed=False).add(f"{SITE}/a").add(f"{SITE}/b").add(f"{SITE}/c")
        second, third = made.offsets[1:]
        record = made.data[second:third]
        for wrong in (record.replace(b"Content-Length: ", b"Content-Length: 9"), record[:-40] + b"\r\n\r\n"):
            (tmp_path / "a.warc").write_bytes(made.data[:second] + wrong + made.data[third:])
            rows, troubles = audited(config, tmp_path / "a.warc")
            assert [row.page.url.rpartition("/")[2] for row in rows] == ["a", "c"]
            assert [trouble.offset for trouble in troubles] == [second]

    def test_bytes_that_do_not_match_their_checksum_are_not_judged(
        self, config: Config, tmp_path: Path
    ) -> None:
        """One bit of a page that is stored as it is: nothing but the CRC tells."""
        plain = Foreign(packed=False).add(f"{SITE}/a").add(f"{SITE}/b")
        second = plain.offsets[1]
        data = bytearray(gzip.compress(plain.data[:second], 0) + gzip.compress(plain.data[second:]))
        data[data.index(b"<p>text")] ^= 1
        (tmp_path / "a.warc.gz").write_bytes(bytes(data))
        rows, troubles = audited(config, tmp_path / "a.warc.gz")
        assert [row.page.url for row in rows] == [f"{SITE}/b"]
        assert [trouble.offset for trouble in troubles] == [0]

    @pytest.mark.parametrize("cut", range(1, 700, 23))
    def test_no_cut_anywhere_raises(self, config: Config, tmp_path: Path, cut: int) -> None:
        for packed in (True, False):
            data = Foreign(packed=packed).add(f"{SITE}/a").add(f"{SITE}/b").data
            (tmp_path / "a.warc").write_bytes(data[:-cut] if cut < len(data) else b"W")
            rows, troubles = audited(config, tmp_path / "a.warc")
            assert len(rows) < 2 or not troubles
            assert len(rows) == 2 or troubles

    def test_zeros_behind_the_end_are_padding(self, config: Config, tmp_path: Path) -> None:
        (tmp_path / "a.warc.gz").write_bytes(Foreign().add(f"{SITE}/a").data + bytes(3_000_000))
        rows, troubles = audited(config, tmp_path / "a.warc.gz")
        assert (len(rows), troubles) == (1, [])

    def test_kinds_that_are_not_read_say_what_to_do(self, tmp_path: Path) -> None:
        (tmp_path / "a").write_bytes(b"filedesc://a.arc 0.0.0.0 2008 text/plain 76\n")
        with pytest.raises(InputError, match="an ARC file"):
            kind_of(tmp_path / "a")
        (tmp_path / "b").write_bytes(b"\x28\xb5\x2f\xfd")
        with pytest.raises(InputError, match="unpack it first"):
            kind_of(tmp_path / "b")


class TestTables:
    """A robots.txt from a WARC file beside them decides; the page itself is never there."""

    @pytest.fixture
    def robots(self, tmp_path: Path) -> Path:
        return Foreign().site(b"User-agent: *\nDisallow: /b\n").write(tmp_path / "robots.warc.gz")

    def check(self, config: Config, file: Path, robots: Path, **columns: str) -> None:
        rows, troubles = audited(config, file, robots, columns=run.Columns(**columns))
        assert troubles == []
        assert [(r.page.url, r.verdict, r.reason) for r in rows] == [
            (f"{SITE}/a", "unknown", "error.evidence_missing"), (f"{SITE}/b", "exclude", "robots.disallow"),
        ]  # fmt: skip
        assert rows[0].missing == ("page",)

    def test_text(self, config: Config, tmp_path: Path, robots: Path) -> None:
        (tmp_path / "u.txt").write_bytes(b"\xef\xbb\xbf# ours\r\n\r\n" + f"{SITE}/a\r\n{SITE}/b".encode())
        self.check(config, tmp_path / "u.txt", robots)
        (tmp_path / "u.txt.gz").write_bytes(gzip.compress(f"{SITE}/a\n{SITE}/b\n".encode()))
        self.check(config, tmp_path / "u.txt.gz", robots)

    @pytest.mark.parametrize("mark", [",", ";", "\t"])
    def test_csv(self, config: Config, tmp_path: Path, robots: Path, mark: str) -> None:
        lines = [
            f"id{mark}URL{mark}date",
            f'1{mark}"{SITE}/a"{mark}2026-11-20T09:00:00Z',
            f"2{mark}{SITE}/b{mark}",
        ]
        (tmp_path / "u.csv").write_text("\n".join(lines))
        self.check(config, tmp_path / "u.csv", robots)

    def test_json_lines(self, config: Config, tmp_path: Path, robots: Path) -> None:
        rows = [
            {"text": "…", "url": f"{SITE}/{n}", "date": "2026-11-20 09:00:00", "file_path": "s3://x"}
            for n in "ab"
        ]
        (tmp_path / "u.jsonl").write_text("\n".join(map(json.dumps, rows)))
        self.check(config, tmp_path / "u.jsonl", robots)

    def test_parquet_and_named_columns(self, config: Config, tmp_path: Path, robots: Path) -> None:
        table = pa.table(
            {
                "source": [f"{SITE}/a", f"{SITE}/b"],
                "url": ["x", "y"],
                "seen": ["2026-11-20T09:00:00Z"] * 2,
                "n": [5, None],
            }
        )
        pq.write_table(table, tmp_path / "u.parquet")
        self.check(config, tmp_path / "u.parquet", robots, url="source", date="seen", bytes="n")

    @pytest.mark.parametrize(
        ("name", "data", "where"),
        [
            ("u.txt", b"https://a.example/\nnonsense\nftp://a.example/\n", [("line", 2), ("line", 3)]),
            ("u.csv", b"id,link_to\n1,https://a.example/\n", [("line", 1)]),
            ("u.csv", b"url\rx,date\n1,https://a.example/\n", [("line", 1)]),
            ("u.csv", b'url\nhttps://a.example/\n"' + b"x" * 200_000 + b"\n", [("line", 3)]),
            ("u.jsonl", b'{"url":"http://a.b"}\n' + b"[" * 99_999 + b"\n{}\n", [("line", 2), ("line", 3)]),
            ("u.jsonl", b'{"url":7}\n{"url":null}\nnull\n', [("line", 1), ("line", 2), ("line", 3)]),
            ("u.parquet", b"PAR1 not really", [("row", 0)]),
            ("u.txt.gz", gzip.compress(b"https://a.example/\n")[:11], [("line", 0)]),
        ],
    )  # fmt: skip
    def test_lines_that_are_none_are_told(
        self, config: Config, tmp_path: Path, name: str, data: bytes, where: list[tuple[str, int]]
    ) -> None:
        (tmp_path / name).write_bytes(data)
        _, troubles = audited(config, tmp_path / name)
        assert [(t.unit, t.offset) for t in troubles] == where

    def test_a_url_that_nobody_could_ask_for_is_left_out(self, config: Config, tmp_path: Path) -> None:
        (tmp_path / "u.txt").write_text("http://\nhttp://a.example:99999/\nhttp://[::1/\n")
        rows, troubles = audited(config, tmp_path / "u.txt")
        assert troubles == []
        assert [(r.verdict, r.reason) for r in rows] == [("exclude", "security.url")] * 3


@contextmanager
def serving(robots: bytes) -> Iterator[tuple[str, list[str]]]:
    """A site with a robots.txt and nothing else: its origin, and the paths it was asked for."""
    asked: list[str] = []

    class Site(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200 if self.path == "/robots.txt" else 404)
            self.end_headers()
            self.wfile.write(robots if self.path == "/robots.txt" else b"")

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()


class TestLive:
    @pytest.fixture
    def local(self, tmp_path: Path) -> Config:
        return Config.model_validate(
            {
                "crawler": {"product_token": "AuditBot"},
                "storage": {"data": tmp_path / "data"},
                "network": {"allow_private": True, "timeout": 5},
                "politeness": {"delay": 0},
            }
        )

    def test_missing_files_are_fetched_once_and_the_row_says_that_they_are_of_today(
        self, local: Config, tmp_path: Path
    ) -> None:
        robots = b"User-agent: AuditBot\nDisallow: /b\n"
        with serving(robots) as (origin, asked):
            made = Foreign()
            for path in ("a", "b", "c"):
                made.add(f"{origin}/{path}")
            rows, troubles = audited(local, made.write(tmp_path / "a.warc.gz"), live=True)
            (tmp_path / "u.txt").write_text(f"{origin}/a\n{origin}/b\n")
            listed, _ = audited(local, tmp_path / "u.txt", live=True)
            audited(local, tmp_path / "u.txt", live=True, evidence=tmp_path / "seen")
        assert troubles == []
        assert [(r.verdict, r.reason, r.files) for r in rows] == [
            ("keep", "none", "today"), ("exclude", "robots.disallow", "today"), ("keep", "none", "today"),
        ]  # fmt: skip
        assert asked.count("/robots.txt") == 3  # once an audit
        # what was kept of the last one tells the same later, without a request
        (kept,) = (tmp_path / "seen").glob("audit-*.warc.gz")
        again, _ = audited(local, tmp_path / "u.txt", kept)
        assert [(r.verdict, r.reason, r.evidence[0]) for r in again] == [
            (r.verdict, r.reason, r.evidence[0]) for r in listed
        ]
        assert not {"/a", "/b", "/c"} & set(asked)
        # a list has no page, so that nothing in it is ever kept
        assert [(r.verdict, r.missing) for r in listed] == [("unknown", ("page",)), ("exclude", ())]

    def test_who_asks_has_to_say_who_it_is(self, cli: Cli, tmp_path: Path) -> None:
        (tmp_path / "u.txt").write_text(f"{SITE}/a\n")
        code, _, err = cli(str(tmp_path / "u.txt"), "--live")
        assert code == 2
        assert "needs to say who is asking" in err


class TestCommand:
    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        made = Foreign().site(b"User-agent: *\nDisallow: /b\n").add(f"{SITE}/a").add(f"{SITE}/b")
        return made.write(tmp_path / "a.warc.gz")

    def test_totals_and_codes(self, cli: Cli, file: Path, tmp_path: Path) -> None:
        code, out, err = cli(str(file))
        assert code == 1
        assert "2 URLs: 1 nothing withholds, 1 left out, 0 unknown. Policy: standard." in out
        assert "robots.txt disallows the page" in out
        assert "2 URLs judged in" in err
        only = Foreign().site().add(f"{SITE}/a").write(tmp_path / "b.warc.gz")
        assert cli(str(only))[0] == 0
        (tmp_path / "c.warc.gz").write_bytes(file.read_bytes()[:-30])
        code, _, err = cli(str(tmp_path / "c.warc.gz"))
        assert code == 3
        assert f"forbear: {tmp_path}/c.warc.gz at byte " in err
        assert cli(str(tmp_path / "nothing"))[0] == 2

    def test_rows_in_every_form(self, cli: Cli, file: Path, tmp_path: Path) -> None:
        code, out, err = cli(str(file), "--json")
        found = [json.loads(line) for line in out.splitlines()]
        assert code == 1
        assert "2 URLs: 1 nothing withholds" in err
        assert [row["url"] for row in found] == [f"{SITE}/a", f"{SITE}/b"]
        assert found[1]["reasons"][0]["line"] == 2
        assert found[1]["reasons"][0]["quote"] == "Disallow: /b"
        assert (found[0]["date"], found[0]["file"]) == ("2026-11-20T10:00:00.000000Z", str(file))
        for form in ("csv", "jsonl", "parquet"):
            code, out, err = cli(str(file), "--format", form, "-o", str(tmp_path / f"o.{form}"))
            assert (code, "2 rows in" in err, "2 URLs:" in out) == (1, True, True)
        assert pq.read_table(tmp_path / "o.parquet").column("offset").to_pylist() == [
            r["offset"] for r in found
        ]

    def test_a_folder_means_all_below_it(self, cli: Cli, file: Path, tmp_path: Path) -> None:
        folder = tmp_path / "crawl" / "x"
        folder.mkdir(parents=True)
        file.rename(folder / "a.warc.gz")
        (folder / "u.txt").write_text(f"{SITE}/b\n")
        _, out, _ = cli(str(tmp_path / "crawl"), "--json")
        assert [json.loads(line)["verdict"] for line in out.splitlines()] == ["keep", "exclude", "exclude"]


def test_more_location_files_than_are_remembered_are_not_used(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seen_files, "MAX_FILES", 5)
    other = "https://other.example"
    file = (
        Foreign().site().site(origin=other).add(f"{SITE}/a").add(f"{other}/a").write(tmp_path / "a.warc.gz")
    )
    audit = Audit(config, Order(files=[file]))
    assert [r.verdict for r in audit.results() if isinstance(r, AuditRow)] == ["keep", "unknown"]
    assert audit.files_full

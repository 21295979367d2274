"""Exports of decisions: the same rows in every format, whole files, nothing that runs in a spreadsheet."""

from __future__ import annotations

import csv
import io
import json
import os
import stat
import sys
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from pyarrow import parquet as pq  # type: ignore[import-untyped]

from crawler import present
from crawler.exports import Export, discover, write_file
from crawler.store.queries.decisions import DecisionRow, Warc
from reservations.model import Effect, Reason
from tests.record_tools import START

MANY = 20_000
"""More rows than a compressor keeps before it writes."""
HOSTILE = "=cmd|' /C calc'!A0, \"x\" \r\n nul \0 half \udc80 turn \u202e ünï"
ROW = DecisionRow(
    id=1,
    url="https://example.org/a",
    via="https://example.org/",
    host="example.org",
    domain="example.org",
    decided_at=START,
    stage="body",
    verdict="keep",
    reason="none",
    reasons=(),
    crawl=7,
    identity="ExampleBot-0123456789ab",
    policy="p",
    evidence=("cd" * 32,),
    status=200,
    bytes=1234,
    warc=Warc(file="warc/a.warc.gz", offset=1, length=2),
)
LEFT = replace(
    ROW,
    id=2,
    url=HOSTILE,
    via=None,
    verdict="exclude",
    reason="error.odd",
    reasons=(Reason(code="error.odd", effect=Effect.EXCLUDE, protocol="error", quote=HOSTILE, line=3),),
    evidence=(),
    status=None,
    bytes=None,
    warc=None,
)


def exported(name: str, *rows: DecisionRow) -> bytes:
    stream = io.BytesIO()
    assert discover()[name].write(rows, stream) == len(rows)
    return stream.getvalue()


def test_the_formats_are_these() -> None:
    assert {name: export.suffix for name, export in discover().items()} == {
        "csv": ".csv",
        "jsonl": ".jsonl",
        "jsonl.gz": ".jsonl.gz",
        "jsonl.zst": ".jsonl.zst",
        "parquet": ".parquet",
    }


@pytest.mark.parametrize("name", sorted(discover()))
def test_the_same_rows_give_the_same_bytes(name: str) -> None:
    assert exported(name, ROW, LEFT) == exported(name, ROW, LEFT)
    assert exported(name, ROW, LEFT) != exported(name, LEFT, ROW)


def test_json_lines_are_what_everything_else_prints() -> None:
    lines = exported("jsonl", ROW, LEFT).split(b"\n")
    assert lines == [present.dumps(present.decision(row)).encode() for row in (ROW, LEFT)] + [b""]


def test_csv_has_a_header_crlf_and_json_cells() -> None:
    data = exported("csv", ROW)
    assert data.count(b"\r\n") == 2
    header, row = csv.reader(io.StringIO(data.decode()))
    assert tuple(header) == present.DECISION_KEYS
    cells = dict(zip(header, row, strict=True))
    assert (cells["url"], cells["status"], cells["reasons"]) == (ROW.url, "200", "[]")
    assert json.loads(cells["warc"]) == {"file": "warc/a.warc.gz", "offset": 1, "length": 2}
    assert json.loads(cells["evidence"]) == list(ROW.evidence)


@pytest.mark.parametrize(
    "first", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "\0=", "\u200b="]
)
def test_no_cell_of_csv_starts_a_formula(first: str) -> None:
    row = replace(LEFT, url=first + "1+1", via=first, host=first, domain=first)
    _, cells = csv.reader(io.StringIO(exported("csv", row).decode()))
    assert not any(
        cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")) for cell in cells
    )


def test_hostile_text_stays_in_its_cell() -> None:
    rows = list(csv.reader(io.StringIO(exported("csv", LEFT, ROW).decode("utf-8"))))
    assert [len(row) for row in rows] == [len(present.DECISION_KEYS)] * 3


def test_parquet_has_typed_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crawler.exports.parquet.GROUP", 2)
    file = pq.ParquetFile(io.BytesIO(exported("parquet", ROW, LEFT, ROW)))
    table = file.read()
    assert tuple(table.column_names) == present.DECISION_KEYS
    assert file.num_row_groups == 2
    first, second, _ = table.to_pylist()
    assert first["decided_at"] == START
    assert first["warc"] == {"file": "warc/a.warc.gz", "offset": 1, "length": 2}
    assert (first["reasons"], first["evidence"], second["status"]) == ([], list(ROW.evidence), None)
    assert second["url"] == HOSTILE.replace("\udc80", "\\udc80")
    assert second["reasons"][0]["line"] == 3


def test_parquet_without_rows_has_its_columns() -> None:
    table = pq.read_table(io.BytesIO(exported("parquet")))
    assert (table.num_rows, tuple(table.column_names)) == (0, present.DECISION_KEYS)


def test_parquet_is_not_loaded_by_naming_the_formats() -> None:
    import subprocess

    code = "import sys; from crawler.exports import discover; discover(); sys.exit('pyarrow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_file_is_whole_or_the_old_one(tmp_path: Path) -> None:
    target = tmp_path / "new" / "decisions.jsonl"
    assert write_file(discover()["jsonl"], [ROW], target) == 1
    before = target.read_bytes()

    def breaks() -> Iterator[DecisionRow]:
        yield LEFT
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_file(discover()["jsonl"], breaks(), target)
    assert target.read_bytes() == before
    assert [p.name for p in target.parent.iterdir()] == ["decisions.jsonl"]


def test_a_new_file_has_the_usual_mode_and_an_old_one_keeps_its_own(tmp_path: Path) -> None:
    target = tmp_path / "decisions.csv"
    mask = os.umask(0o027)
    try:
        write_file(discover()["csv"], [ROW], target)
        assert stat.S_IMODE(target.stat().st_mode) == 0o640
        target.chmod(0o600)
        write_file(discover()["csv"], [ROW], target)
        assert stat.S_IMODE(target.stat().st_mode) == 0o600
    finally:
        os.umask(mask)


@pytest.mark.parametrize("name", sorted(discover()))
def test_rows_are_not_gathered_before_they_are_written(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crawler.exports.parquet.GROUP", 10)
    export: Export = discover()[name]
    given: list[int] = []
    seen_at_first_write: list[int] = []

    def rows() -> Iterator[DecisionRow]:
        for number in range(MANY):
            given.append(number)
            yield replace(ROW, url=f"https://example.org/{sha256(b'%d' % number).hexdigest()}")

    class Stream(io.BytesIO):
        def write(self, data: Any) -> int:
            seen_at_first_write.append(len(given))
            return super().write(data)

    export.write(rows(), Stream())
    assert any(0 < seen < MANY for seen in seen_at_first_write)

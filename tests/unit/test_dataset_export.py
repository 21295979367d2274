"""The dataset export: every byte checked, every file accounted for, all of it or nothing."""

from __future__ import annotations

import base64
import gzip
import json
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest
from pyarrow import parquet as pq
from warcio.archiveiterator import ArchiveIterator

from crawler.exports.dataset import Dataset, ExportRefusedError, Manifest, discover, export_dataset
from crawler.store.queries.documents import KeptDocument
from crawler.store.warc import About, Received, WarcFile, WarcIntegrityError, response_record

NOW = datetime(2026, 11, 24, 5, 35, tzinfo=UTC)
KEPT_AT = datetime(2026, 11, 20, 1, 2, 3, 456789, tzinfo=UTC)
ABOUT = About(
    software="Forbear/0.1.0", operator="Example Lab", contact="a@example.org", user_agent="ExampleBot/1.0"
)
FORMATS = ("jsonl", "parquet", "warc")
PAGES: tuple[tuple[str, str, bytes, bytes], ...] = (
    # path, Content-Type, Content-Encoding, body before it was encoded
    ("page", "text/html", b"gzip", b"<meta charset=iso-8859-15><p>\xa4 10"),
    ("plain", "text/plain; charset=utf-8", b"", "Zoë\u2028\0 says\n“no”".encode()),
    ("image", "image/png", b"", bytes(range(256)) * 9),
    ("empty", "text/html; charset=utf-8", b"", b""),
)


class Folder:
    """An instance's data folder with some kept documents."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.documents: list[KeptDocument] = []
        self.members: list[bytes] = []
        series = WarcFile(data / "warc", "forbear-000001", ABOUT)
        for number, page in enumerate(PAGES, 1):
            self._keep(series, number, *page)
        series.close()

    def _keep(self, series: WarcFile, number: int, path: str, kind: str, coding: bytes, body: bytes) -> None:
        url = f"https://www.example.org/{path}"
        lines = [(b"Content-Type", kind.encode())] + ([(b"Content-Encoding", coding)] if coding else [])
        received = Received(
            url=url,
            date=KEPT_AT,
            status_line=b"HTTP/1.1 200 OK",
            header_lines=tuple(lines),
            body=gzip.compress(body) if coding else body,
        )
        at = series.append(response_record(received))
        self.members.append((self.data / "warc" / at.file).read_bytes()[at.offset : at.end])
        self.documents.append(
            KeptDocument(
                decision_id=number,
                crawl_id=1,
                url=url,
                domain="example.org",
                media_type=kind.partition(";")[0],
                bytes=len(body),
                body_sha256=sha256(body).hexdigest(),
                warc_file=f"warc/{at.file}",
                warc_offset=at.offset,
                warc_length=at.length,
                kept_at=KEPT_AT,
            )
        )

    @property
    def dataset(self) -> Dataset:
        """All of it."""
        return Dataset(data=self.data, documents=iter(self.documents), moment=NOW, about=ABOUT)

    def damage(self, number: int) -> KeptDocument:
        """Change one byte in the middle of a stored document."""
        document = self.documents[number]
        file = self.data / document.warc_file
        data = bytearray(file.read_bytes())
        data[document.warc_offset + document.warc_length // 2] ^= 0x10
        file.write_bytes(bytes(data))
        return document


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "data")


def export(
    folder: Folder, name: str, target: Path, *, force: bool = False, part_bytes: int = 2**30
) -> Manifest:
    return export_dataset(folder.dataset, discover()[name], target, force=force, part_bytes=part_bytes)


def test_the_formats_are_those_of_the_command() -> None:
    assert tuple(discover()) == FORMATS


@pytest.mark.parametrize("name", FORMATS)
def test_the_manifest_accounts_for_every_file(folder: Folder, tmp_path: Path, name: str) -> None:
    target = tmp_path / "out" / "dataset"
    manifest = export(folder, name, target)
    told = json.loads((target / "manifest.json").read_text())
    assert told == {
        "kind": "forbear-dataset/1",
        "format": name,
        "kept_as_of": "2026-11-24T05:35:00.000000Z",
        "software": "Forbear/0.1.0",
        "operator": "Example Lab",
        "actor": "",
        "filter": {},
        "as_of": 0,
        "checkpoint": None,
        "time_range": ["2026-11-20T01:02:03.456789Z"] * 2,
        "policies": [],
        "documents": 4,
        "bytes": sum(len(body) for *_, body in PAGES),
        "left_out": [],
        "files": [
            {
                "name": f"dataset-00000{discover()[name].suffix}",
                "bytes": (target / manifest.files[0].name).stat().st_size,
                "sha256": sha256((target / manifest.files[0].name).read_bytes()).hexdigest(),
                "documents": 4,
            }
        ],
    }
    assert sorted(path.name for path in target.iterdir()) == sorted([manifest.files[0].name, "manifest.json"])
    assert [path.name for path in target.parent.iterdir()] == ["dataset"]


def test_warc_records_are_copied_byte_for_byte_behind_a_header_of_their_own(
    folder: Folder, tmp_path: Path
) -> None:
    export(folder, "warc", tmp_path / "out")
    data = (tmp_path / "out" / "dataset-00000.warc.gz").read_bytes()
    assert data.endswith(b"".join(folder.members))
    with (tmp_path / "out" / "dataset-00000.warc.gz").open("rb") as stream:
        records = [(r.rec_type, r.rec_headers, r.content_stream().read()) for r in ArchiveIterator(stream)]
    assert [kind for kind, *_ in records] == ["warcinfo", *["response"] * 4]
    assert records[0][1].get_header("WARC-Filename") == "dataset-00000.warc.gz"
    assert records[0][1].get_header("WARC-Date") == "2026-11-24T05:35:00.000000Z"
    assert [body for *_, body in records[1:]] == [body for *_, body in PAGES]


def test_a_line_has_text_where_it_is_text_and_base_64_where_not(folder: Folder, tmp_path: Path) -> None:
    export(folder, "jsonl", tmp_path / "out")
    lines = (tmp_path / "out" / "dataset-00000.jsonl").read_bytes().split(b"\n")
    assert lines.pop() == b""
    page, plain, image, empty = map(json.loads, lines)
    place = folder.documents[0]
    assert page == {
        "url": "https://www.example.org/page",
        "domain": "example.org",
        "media_type": "text/html",
        "bytes": 33,
        "body_sha256": place.body_sha256,
        "kept_at": "2026-11-20T01:02:03.456789Z",
        "crawl": 1,
        "decision": 1,
        "warc": {"file": place.warc_file, "offset": place.warc_offset, "length": place.warc_length},
        "status": 200,
        "charset": "iso8859-15",
        "text": "<meta charset=iso-8859-15><p>€ 10",
        "body_base64": None,
    }
    assert (plain["text"], plain["charset"]) == ("Zoë\u2028\0 says\n“no”", "utf-8")
    assert (image["text"], image["charset"]) == (None, None)
    assert base64.b64decode(image["body_base64"]) == PAGES[2][3]
    assert (empty["text"], empty["body_base64"]) == ("", None)


def test_parquet_has_the_same_rows_with_types(folder: Folder, tmp_path: Path) -> None:
    export(folder, "parquet", tmp_path / "out")
    export(folder, "jsonl", tmp_path / "lines")
    rows = pq.read_table(tmp_path / "out" / "dataset-00000.parquet").to_pylist()
    lines = map(json.loads, (tmp_path / "lines" / "dataset-00000.jsonl").read_bytes().splitlines())
    for row, line in zip(rows, lines, strict=True):
        assert row["kept_at"] == KEPT_AT
        encoded = line.pop("body_base64")
        assert row.pop("body") == (None if encoded is None else base64.b64decode(encoded))
        assert row | {"kept_at": line["kept_at"]} == line


@pytest.mark.parametrize("name", FORMATS)
def test_a_large_export_is_several_files(folder: Folder, tmp_path: Path, name: str) -> None:
    manifest = export(folder, name, tmp_path / "out", part_bytes=1)
    assert [file.documents for file in manifest.files] == [1, 1, 1, 1]
    assert manifest.files[3].name == f"dataset-00003{discover()[name].suffix}"


@pytest.mark.parametrize("name", FORMATS)
def test_nothing_kept_is_an_export_too(folder: Folder, tmp_path: Path, name: str) -> None:
    folder.documents = []
    manifest = export(folder, name, tmp_path / "out")
    assert (manifest.documents, [file.documents for file in manifest.files]) == (0, [0])


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("number", [0, 2])
def test_a_damaged_record_is_named_and_nothing_is_exported(
    folder: Folder, tmp_path: Path, name: str, number: int
) -> None:
    document = folder.damage(number)
    with pytest.raises(WarcIntegrityError) as caught:
        export(folder, name, tmp_path / "out")
    assert str(caught.value).startswith(
        f"{folder.data / document.warc_file} at byte {document.warc_offset}: "
    )
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_a_body_other_than_the_one_decided_about_is_named(folder: Folder, tmp_path: Path) -> None:
    first, second = folder.documents[:2]
    swapped = {"warc_offset": second.warc_offset, "warc_length": second.warc_length}
    values = {name: getattr(first, name) for name in KeptDocument.__slots__}
    folder.documents = [KeptDocument(**(values | swapped))]
    with pytest.raises(WarcIntegrityError, match="the body is not the one decision 1 kept"):
        export(folder, "warc", tmp_path / "out")


def test_an_earlier_export_is_replaced_only_by_force(folder: Folder, tmp_path: Path) -> None:
    target = tmp_path / "out"
    target.mkdir()
    export(folder, "jsonl", target, part_bytes=1)
    with pytest.raises(ExportRefusedError, match="is not empty; --force"):
        export(folder, "warc", target)
    export(folder, "warc", target, force=True)
    assert sorted(path.name for path in target.iterdir()) == ["dataset-00000.warc.gz", "manifest.json"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "out"]


def test_force_never_removes_what_no_export_wrote(folder: Folder, tmp_path: Path) -> None:
    target = tmp_path / "out"
    export(folder, "jsonl", target)
    (target / "thesis.odt").write_text("years of work")
    with pytest.raises(ExportRefusedError, match=r"holds thesis\.odt"):
        export(folder, "jsonl", target, force=True)
    with pytest.raises(ExportRefusedError, match="name a folder"):
        export(folder, "jsonl", target / "thesis.odt", force=True)
    with pytest.raises(ExportRefusedError, match="no part of an export"):
        export(folder, "jsonl", folder.data, force=True)
    assert (target / "thesis.odt").read_text() == "years of work"


def test_a_failed_export_leaves_the_earlier_one(folder: Folder, tmp_path: Path) -> None:
    export(folder, "jsonl", tmp_path / "out")
    before = (tmp_path / "out" / "dataset-00000.jsonl").read_bytes()
    folder.damage(1)
    with pytest.raises(WarcIntegrityError):
        export(folder, "jsonl", tmp_path / "out", force=True)
    assert (tmp_path / "out" / "dataset-00000.jsonl").read_bytes() == before

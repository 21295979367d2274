"""WARC 1.1: what is written is read back byte for byte, by us, by fastwarc and by warcio."""

from __future__ import annotations

import gzip
import io
import os
import zlib
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import brotli
import pytest
from backports import zstd
from fastwarc.warc import ArchiveIterator as FastIterator
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from warcio.archiveiterator import ArchiveIterator
from warcio.checker import Checker

from crawler.store.warc import (
    About,
    BodyTooLargeError,
    Extract,
    Position,
    Received,
    Record,
    StoredRecord,
    UnreadableEncodingError,
    WarcFile,
    WarcIntegrityError,
    decoded_body,
    metadata_record,
    read_record,
    request_record,
    response_record,
    truncate_to,
)
from crawler.store.warc import file as warc_file

NOW = datetime(2026, 11, 24, 5, 35, 0, 123456, tzinfo=UTC)
ABOUT = About(
    software="Forbear/0.1.0",
    operator="Example Lab\r\nrobots: ignored",
    contact="crawler@example.org",
    user_agent="ExampleBot/1.0 (+https://example.org/bot)",
    info_url="https://example.org/bot",
)
URL = "https://example.org/page?q=1"


def received(
    body: bytes, *lines: tuple[bytes, bytes], url: str = URL, status: bytes = b"HTTP/1.1 200 OK"
) -> Received:
    return Received(url=url, date=NOW, status_line=status, header_lines=lines, body=body, ip="192.0.2.7")


def write(folder: Path, *records: Record) -> list[Position]:
    series = WarcFile(folder, "forbear-1", ABOUT)
    positions = [series.append(record) for record in records]
    series.close()
    return positions


def stored(folder: Path, position: Position) -> StoredRecord:
    return read_record(folder / position.file, position.offset, position.length)


def by_warcio(file: Path) -> Iterator[tuple[Any, bytes]]:
    with file.open("rb") as stream:
        for record in ArchiveIterator(stream, check_digests="raise"):
            yield record, record.raw_stream.read()


def accepted_by_warcio(file: Path) -> bool:
    class Command:
        inputs = (str(file),)
        verbose = False

    checker = Checker(Command())
    checker.process_all()
    return checker.exit_value == 0


BODIES = {
    "plain": received(b"<p>hello", (b"Content-Type", b"text/html"), (b"Content-Length", b"8")),
    "empty": received(b""),
    "chunked": received(b"<p>joined", (b"transfer-encoding", b"chunked")),
    "looks-chunked": received(b"5\r\nhello\r\n0\r\n\r\n", (b"Transfer-Encoding", b"gzip, chunked")),
    "gzip": received(gzip.compress(b"<p>" + b"x" * 5000), (b"Content-Encoding", b"gzip")),
    "image": received(os.urandom(3000), (b"Content-Type", b"image/jpeg")),
    "latin-1": received(b"x", (b"X-Author", "Zoë".encode("latin-1")), status=b"HTTP/1.0 200 D'accord \xe9"),
    "duplicates": received(b"x", (b"Set-Cookie", b"a=1"), (b"set-cookie", b"b=2")),
    "lying-length": received(b"short", (b"Content-Length", b"9000")),
    "two-lengths": received(b"12345", (b"Content-Length", b"5"), (b"content-length", b"5")),
    "ends-in-breaks": received(b"x\r\n\r\nWARC/1.1\r\nWARC-Type: response\r\n\r\n\0"),
    "icy": received(b"x", status=b"ICY 200 OK"),
    "hostile": received(
        b"body",
        (b"X-A", b"1\r\n\r\nWARC/1.1\r\nContent-Length: 0\r\n\r\n"),
        (b"X\r\nInjected", b"y"),
        (b"Na:me", b"\0\xff\xfe"),
        (b"", b"nameless"),
        (b" folded", b"v"),
        url="https://example.org/\r\nWARC-Type: warcinfo\r\n\r\n/ä b",
        status=b"HTTP/1.1 200 OK\r\nX-Status: injected",
    ),
}


@pytest.mark.parametrize("name", BODIES)
def test_every_reader_gives_the_body_back_byte_for_byte(tmp_path: Path, name: str) -> None:
    source = BODIES[name]
    before, position, after = write(
        tmp_path, response_record(BODIES["plain"]), response_record(source), response_record(BODIES["plain"])
    )
    file = tmp_path / position.file
    assert accepted_by_warcio(file)
    assert [record.rec_type for record, _ in by_warcio(file)] == ["warcinfo", *["response"] * 3]
    assert [body for _, body in by_warcio(file)][2] == source.body
    with file.open("rb") as stream:
        fast = [record.reader.read() for record in FastIterator(stream, verify_digests=True)]
    assert fast[2] == source.body
    assert stored(tmp_path, position).body == source.body
    assert (before.end, position.end) == (position.offset, after.offset)


def test_how_the_body_travelled_is_kept_under_another_name(tmp_path: Path) -> None:
    (position,) = write(tmp_path, response_record(BODIES["looks-chunked"]))
    record = stored(tmp_path, position)
    assert record.header_lines == (
        (b"X-Crawler-Transfer-Encoding", b"gzip, chunked"),
        (b"Content-Length", b"15"),
    )


def test_a_content_length_that_is_false_of_the_body_is_renamed(tmp_path: Path) -> None:
    lying, twice = write(
        tmp_path, response_record(BODIES["lying-length"]), response_record(BODIES["two-lengths"])
    )
    assert stored(tmp_path, lying).header_lines == (
        (b"X-Crawler-Content-Length", b"9000"),
        (b"Content-Length", b"5"),
    )
    assert stored(tmp_path, twice).header_lines == (
        (b"Content-Length", b"5"),
        (b"X-Crawler-content-length", b"5"),
    )


def test_header_lines_keep_case_order_duplicates_and_bytes(tmp_path: Path) -> None:
    lines = ((b"x-b", b"\xe9\xff"), (b"X-A", b" two  spaces "), (b"x-b", b""), (b"Content-Length", b"1"))
    (position,) = write(tmp_path, response_record(received(b"x", *lines)))
    assert stored(tmp_path, position).header_lines == lines


def test_hostile_bytes_end_neither_head_nor_record(tmp_path: Path) -> None:
    (position,) = write(tmp_path, response_record(BODIES["hostile"]))
    record = stored(tmp_path, position)
    assert record.field("WARC-Type") == "response"
    assert (
        record.field("WARC-Target-URI") == "https://example.org/%0D%0AWARC-Type:%20warcinfo%0D%0A%0D%0A/ä%20b"
    )
    assert record.status_line == b"HTTP/1.1 200 OK X-Status: injected"
    assert [name for name, _ in record.header_lines] == [
        b"X-A", b"X__Injected", b"Na_me", b"_", b"_folded", b"Content-Length",
    ]  # fmt: skip


header_bytes = st.binary(max_size=40) | st.sampled_from([b"\r\n\r\n", b"Content-Length", b"\n\n", b"chunked"])


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    lines=st.lists(st.tuples(header_bytes, header_bytes), max_size=5),
    status=header_bytes,
    url=st.text(max_size=30).map("http://".__add__),
    body=st.binary(max_size=200),
)
def test_no_header_whatsoever_breaks_the_framing(
    tmp_path: Path, lines: list[tuple[bytes, bytes]], status: bytes, url: str, body: bytes
) -> None:
    folder = Path(str(tmp_path)) / os.urandom(4).hex()
    first = response_record(received(body, *lines, url=url, status=status))
    position, after = write(folder, first, response_record(BODIES["plain"]))
    assert stored(folder, position).body == body
    assert stored(folder, after).body == BODIES["plain"].body
    records = list(by_warcio(folder / position.file))
    assert [record.rec_type for record, _ in records] == ["warcinfo", "response", "response"]
    assert records[1][1] == body


def test_the_first_record_says_who_writes_and_by_which_rules(tmp_path: Path) -> None:
    (position,) = write(tmp_path, response_record(BODIES["plain"]))
    (info, block), (page, _) = by_warcio(tmp_path / position.file)
    assert info.rec_headers.get_header("WARC-Filename") == "forbear-1-00000.warc.gz"
    assert block.decode().splitlines() == [
        "software: Forbear/0.1.0",
        "format: WARC File Format 1.1",
        "conformsTo: http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/",
        "operator: Example Lab robots: ignored <crawler@example.org>",
        "http-header-user-agent: ExampleBot/1.0 (+https://example.org/bot)",
        "description: https://example.org/bot",
        "robots: RFC 9309 and every machine-readable reservation of rights are honoured",
    ]
    assert page.rec_headers.get_header("WARC-Warcinfo-ID") == info.rec_headers.get_header("WARC-Record-ID")
    assert page.rec_headers.get_header("WARC-IP-Address") == "192.0.2.7"
    assert page.rec_headers.get_header("WARC-Date") == "2026-11-24T05:35:00.123456Z"


def test_request_and_extract_name_their_response(tmp_path: Path) -> None:
    page = response_record(BODIES["plain"])
    sent = b"GET /page?q=1 HTTP/1.1\r\nHost: example.org\r\n\r\n"
    extract = Extract(url=URL, date=NOW, media_type="application/json", content=b'{"meta":[]}')
    records = [
        page,
        request_record(URL, NOW, sent, concurrent_to=[page.id]),
        metadata_record(extract, concurrent_to=[page.id]),
    ]
    positions = write(tmp_path, *records)
    _, request, metadata = (stored(tmp_path, position) for position in positions)
    assert request.field("warc-concurrent-to") == metadata.field("WARC-Concurrent-To") == page.id
    assert (request.status_line, request.body) == (b"GET /page?q=1 HTTP/1.1", b"")
    assert metadata.body == extract.content
    assert accepted_by_warcio(tmp_path / positions[0].file)


def test_a_full_file_is_followed_by_the_next_and_another_process_begins_its_own(tmp_path: Path) -> None:
    series = WarcFile(tmp_path, "forbear-1", ABOUT, max_bytes=1000)
    files = [series.append(response_record(BODIES["image"])).file for _ in range(2)]
    series.close()
    assert files == ["forbear-1-00000.warc.gz", "forbear-1-00001.warc.gz"]
    (later,) = write(tmp_path, response_record(BODIES["plain"]))
    assert later.file == "forbear-1-00002.warc.gz"
    assert all(accepted_by_warcio(tmp_path / name) for name in (*files, later.file))


def test_nothing_appended_means_no_file(tmp_path: Path) -> None:
    write(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_crash_leaves_neither_a_broken_record_nor_one_that_was_not_committed(tmp_path: Path) -> None:
    first, second, third = write(tmp_path, *(response_record(BODIES[n]) for n in ("plain", "gzip", "image")))
    file = tmp_path / first.file
    os.truncate(file, third.end - 5)
    assert truncate_to(tmp_path, {first.file: second.end}) == ["forbear-1-00000.warc.gz"]
    assert file.stat().st_size == second.end
    assert [body for _, body in by_warcio(file)][1:] == [BODIES["plain"].body, BODIES["gzip"].body]
    assert truncate_to(tmp_path, {first.file: second.end}) == []


def test_a_file_begun_and_never_committed_to_is_removed(tmp_path: Path) -> None:
    (first,) = write(tmp_path, response_record(BODIES["plain"]))
    (second,) = write(tmp_path, response_record(BODIES["plain"]))
    assert truncate_to(tmp_path, {first.file: first.end}) == ["forbear-1-00001.warc.gz"]
    assert [path.name for path in tmp_path.iterdir()] == ["forbear-1-00000.warc.gz"]
    assert second.file == "forbear-1-00001.warc.gz"


def test_files_of_another_record_are_not_touched(tmp_path: Path) -> None:
    for _ in range(2):
        (position,) = write(tmp_path, response_record(BODIES["plain"]))
    with pytest.raises(WarcIntegrityError, match="is the database the right one"):
        truncate_to(tmp_path, {})
    with pytest.raises(
        WarcIntegrityError, match=f"at byte {position.end}: the record knows {position.end + 1}"
    ):
        truncate_to(tmp_path, {position.file: position.end + 1})
    assert len(list(tmp_path.iterdir())) == 2


def test_a_full_disk_leaves_no_half_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    series = WarcFile(tmp_path, "forbear-1", ABOUT)
    first = series.append(response_record(BODIES["plain"]))
    written = os.write

    def full(file: int, data: Any) -> int:
        if len(data) < 20:
            raise OSError(28, "No space left on device")
        return written(file, bytes(data)[:-10])

    with monkeypatch.context() as patch:
        patch.setattr(warc_file.os, "write", full)
        with pytest.raises(OSError, match="No space"):
            series.append(response_record(BODIES["gzip"]))
    second = series.append(response_record(BODIES["gzip"]))
    series.close()
    assert second.offset == first.end
    assert accepted_by_warcio(tmp_path / first.file)


def test_a_changed_byte_is_an_integrity_error_that_names_file_and_offset(tmp_path: Path) -> None:
    (position,) = write(tmp_path, response_record(received(b"AAAA" * 50, (b"Content-Encoding", b"x"))))
    file = tmp_path / position.file
    data = bytearray(file.read_bytes())
    at = data.index(b"AAAA", position.offset)
    data[at] ^= 1
    # The gzip checksum is put right, so that only the digest can tell.
    member = zlib.decompressobj(-15).decompress(bytes(data[position.offset + 10 : position.end - 8]))
    data[position.end - 8 : position.end - 4] = zlib.crc32(member).to_bytes(4, "little")
    file.write_bytes(bytes(data))
    with pytest.raises(
        WarcIntegrityError, match=rf"forbear-1-00000.warc.gz at byte {position.offset}: .*digest"
    ):
        stored(tmp_path, position)


@pytest.mark.parametrize(("offset", "length"), [(1, 0), (0, -1), (0, 1), (10**9, 0)])
def test_a_wrong_position_is_an_integrity_error(tmp_path: Path, offset: int, length: int) -> None:
    (position,) = write(tmp_path, response_record(BODIES["gzip"]))
    with pytest.raises(WarcIntegrityError):
        read_record(tmp_path / position.file, position.offset + offset, position.length + length)
    with pytest.raises(WarcIntegrityError):
        read_record(tmp_path / "none.warc.gz", 0, 10)


def test_a_record_beyond_the_bound_is_not_unpacked(tmp_path: Path) -> None:
    (position,) = write(tmp_path, response_record(received(b"0" * 100_000)))
    with pytest.raises(WarcIntegrityError, match="within 1000 bytes"):
        read_record(tmp_path / position.file, position.offset, position.length, limit=1000)


def _raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


TEXT = b"<p>the quick brown fox" * 1000
CODED = {
    b"gzip": gzip.compress(TEXT),
    b"x-gzip": gzip.compress(TEXT[:700]) + gzip.compress(TEXT[700:]) + b"\0\0padding",
    b"deflate": zlib.compress(TEXT),
    b"Deflate": _raw_deflate(TEXT),
    b"br": brotli.compress(TEXT),
    b"zstd": zstd.compress(TEXT[:700]) + zstd.compress(TEXT[700:]),
    b"identity": TEXT,
    b"gzip, br": brotli.compress(gzip.compress(TEXT)),
}


@pytest.mark.parametrize("coding", CODED)
def test_the_coding_is_undone_on_demand_and_never_beyond_the_bound(tmp_path: Path, coding: bytes) -> None:
    (position,) = write(tmp_path, response_record(received(CODED[coding], (b"Content-Encoding", coding))))
    record = stored(tmp_path, position)
    assert record.body == CODED[coding]
    assert decoded_body(record) == TEXT
    assert decoded_body(record, limit=len(TEXT)) == TEXT
    if coding != b"identity":
        with pytest.raises(BodyTooLargeError):
            decoded_body(record, limit=len(TEXT) - 1)


@pytest.mark.parametrize("coding", [b"gzip", b"deflate", b"br", b"zstd", b"compress", b"gzip," * 9])
@pytest.mark.parametrize("body", [b"not that", b"", b"\x1f\x8b", b"\x28\xb5\x2f\xfd"])
def test_a_body_that_is_not_in_its_coding_raises_nothing_else(
    tmp_path: Path, coding: bytes, body: bytes
) -> None:
    (position,) = write(tmp_path, response_record(received(body, (b"Content-Encoding", coding))))
    with suppress(UnreadableEncodingError):
        assert decoded_body(stored(tmp_path, position)) == b""


def test_bytes_in_a_series_are_one_member_per_record(tmp_path: Path) -> None:
    positions = write(tmp_path, *(response_record(BODIES[name]) for name in BODIES))
    data = (tmp_path / positions[0].file).read_bytes()
    assert positions[-1].end == len(data)
    for position in positions:
        with gzip.GzipFile(fileobj=io.BytesIO(data[position.offset : position.end])) as member:
            assert member.read().startswith(b"WARC/1.1\r\n")

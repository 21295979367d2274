"""Cost of keeping a page: microseconds of CPU per WARC record, against warcio at its default.

    python bench/warc.py [--records 1000]

The page is 43 KB of HTML; servers send it compressed, and it is kept as it came. warcio is given the
same page once as it came and once decompressed, which is what most crawlers store.
"""

from __future__ import annotations

import argparse
import gzip
import io
import random
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from crawler.store.warc import About, Received, WarcFile, read_record, response_record

URL = "https://www.example.org/section/12345/a-page-with-a-usual-name.html"
NOW = datetime(2026, 11, 24, tzinfo=UTC)
HEADERS = (
    (b"Date", b"Tue, 24 Nov 2026 00:00:00 GMT"),
    (b"Server", b"nginx"),
    (b"Content-Type", b"text/html; charset=utf-8"),
    (b"Cache-Control", b"max-age=600, public"),
    (b"ETag", b'W/"5f3c-18b2a7d4e10"'),
    (b"Vary", b"Accept-Encoding"),
    (b"Strict-Transport-Security", b"max-age=31536000; includeSubDomains"),
)


def page() -> bytes:
    """43 KB of markup that compresses about as real pages do."""
    rng = random.Random(7)
    words = ["".join(rng.choices("abcdefghiklmnoprstu", k=rng.randint(2, 10))) for _ in range(600)]
    lines = []
    for number in range(600):
        text = " ".join(rng.choices(words[:250], k=9))
        lines.append(f'<p class="text"><a href="/{rng.choice(words)}/{number}">{text}</a></p>')
    return "\n".join(lines).encode()[: 43 * 1024]


def received(body: bytes, *extra: tuple[bytes, bytes]) -> Received:
    """The answer a handler would pass on."""
    length = (b"Content-Length", b"%d" % len(body))
    return Received(
        url=URL,
        date=NOW,
        status_line=b"HTTP/1.1 200 OK",
        header_lines=(*HEADERS, *extra, length),
        body=body,
        ip="192.0.2.7",
    )


def timed(name: str, records: int, write: Callable[[int], Path]) -> float:
    """Print the cost of one record, and how large it became."""
    start = time.process_time()
    file = write(records)
    cost = (time.process_time() - start) / records * 1e6
    print(f"{name:<44}{cost:9.1f} us CPU{file.stat().st_size / records:10.0f} bytes per record")
    return cost


def main() -> None:
    """Run the measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=1000)
    records = parser.parse_args().records
    plain = page()
    packed = gzip.compress(plain, 6)
    print(f"page {len(plain)} bytes, as sent {len(packed)}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        gzipped = received(packed, (b"Content-Encoding", b"gzip"))
        ours = timed("ours, body gzip as received", records, lambda n: _ours(folder, "a", gzipped, n))
        timed("ours, body sent uncompressed", records, lambda n: _ours(folder, "b", received(plain), n))
        theirs = timed("warcio, body gzip as received", records, lambda n: _warcio(folder / "c", gzipped, n))
        usual = timed(
            "warcio, body decompressed", records, lambda n: _warcio(folder / "d", received(plain), n)
        )
        print(f"ours / warcio: {ours / theirs:.2f} for the same bytes, {ours / usual:.3f} for the same page")
        _read(folder, gzipped, records)


def _ours(folder: Path, prefix: str, source: Received, records: int) -> Path:
    about = About(
        software="Forbear", operator="Example", contact="a@example.org", user_agent="ExampleBot/1.0"
    )
    series = WarcFile(folder, prefix, about)
    for _ in range(records):
        position = series.append(response_record(source))
    series.close()
    return folder / position.file


def _warcio(file: Path, source: Received, records: int) -> Path:
    lines = [(name.decode(), value.decode()) for name, value in source.header_lines]
    with file.open("wb") as stream:
        writer = WARCWriter(stream, gzip=True)
        for _ in range(records):
            head = StatusAndHeaders("200 OK", lines, protocol="HTTP/1.1")
            record = writer.create_warc_record(
                URL, "response", payload=io.BytesIO(source.body), http_headers=head
            )
            writer.write_record(record)
    return file


def _read(folder: Path, source: Received, records: int) -> None:
    about = About(
        software="Forbear", operator="Example", contact="a@example.org", user_agent="ExampleBot/1.0"
    )
    series = WarcFile(folder, "r", about)
    positions = [series.append(response_record(source)) for _ in range(records)]
    series.close()
    start = time.process_time()
    for at in positions:
        read_record(folder / at.file, at.offset, at.length)
    print(f"{'ours, read back and checked':<44}{(time.process_time() - start) / records * 1e6:9.1f} us CPU")


if __name__ == "__main__":
    main()

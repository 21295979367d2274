"""Whatever a WARC file or a table holds, an audit ends, raises nothing, and keeps nothing it was not told."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from crawler.audit.model import AuditRow, Judged, Trouble
from crawler.audit.run import Audit, Order
from crawler.config import Config

HEAD = [("Content-Type", "text/html")]
NAMES = ("a.warc", "a.txt", "a.csv", "a.jsonl", "a.parquet")


def made(*, packed: bool) -> bytes:
    """Two pages and a robots.txt that closes one of them, and no other file: nothing of it may be kept."""
    out = io.BytesIO()
    writer = WARCWriter(out, gzip=packed)
    for path, body in (("robots.txt", b"User-agent: *\nDisallow: /b\n"), ("a", b"<p>a"), ("b", b"<p>b")):
        head = StatusAndHeaders("200 OK", HEAD, protocol="HTTP/1.1")
        url = f"https://example.org/{path}"
        writer.write_record(writer.create_warc_record(url, "response", io.BytesIO(body), http_headers=head))
    return out.getvalue()


FILES = {packed: made(packed=packed) for packed in (True, False)}
EDITS = st.lists(
    st.tuples(st.integers(0, 2000), st.integers(0, 60), st.binary(max_size=40)), min_size=1, max_size=6
)


def audited(name: str, data: bytes) -> list[AuditRow | Trouble]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        config = Config.model_validate({"storage": {"data": Path(folder) / "data"}})
        return list(Audit(config, Order(files=[path])).results())


@pytest.mark.parametrize("packed", [True, False])
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(edits=EDITS)
def test_no_edit_of_a_file_raises_or_opens_anything(
    packed: bool, edits: list[tuple[int, int, bytes]]
) -> None:
    data = FILES[packed]
    for at, length, new in edits:
        place = at % len(data) if data else 0
        data = data[:place] + new + data[place + length :]
    for found in audited("a.warc", data):
        assert isinstance(found, Trouble) or found.verdict is not Judged.KEEP
        assert not isinstance(found, Trouble) or 0 <= found.offset <= len(data)


@pytest.mark.parametrize("name", NAMES)
@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(
    data=st.binary(max_size=300),
    prefix=st.sampled_from([b"", b"url,date\n", b'{"url":', b"PAR1", b"WARC/1.0\r\n", b"\x1f\x8b\x08\0"]),
)
def test_no_bytes_raise(name: str, data: bytes, prefix: bytes) -> None:
    for found in audited(name, prefix + data):
        assert isinstance(found, Trouble) or found.verdict is not Judged.KEEP

"""A location file as the WARC record that it is kept in."""

from __future__ import annotations

from crawler.store.warc import Received
from reservations.model import Evidence


def as_received(evidence: Evidence, status: int) -> Received:
    """An answer to be kept with its body decoded, as location files are held; `status` is its own."""
    lines = ((k.encode("latin-1", "replace"), v.encode("latin-1", "replace")) for k, v in evidence.fields)
    return Received(
        url=evidence.url,
        date=evidence.fetched_at,
        status_line=b"HTTP/1.1 %d" % status,
        header_lines=tuple((k, v) for k, v in lines if k.lower() != b"content-encoding"),
        body=evidence.body,
    )

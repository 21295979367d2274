"""Rows of an audit as they are written, under the names of `decisions export` where they mean the same."""

from __future__ import annotations

from crawler.audit.model import AuditRow, FilesOf, Judged
from crawler.exports.tables import columns as c
from crawler.exports.tables.decisions_table import REASON
from crawler.exports.tables.model import Shape
from crawler.present import Json, moment, reason
from reservations.model import Stage


def audited(row: AuditRow) -> Json:
    """The verdict on one URL."""
    page = row.page
    return {
        "url": page.url,
        "host": row.host,
        "domain": row.domain,
        "date": None if page.date is None else moment(page.date),
        "stage": row.stage,
        "verdict": row.verdict,
        "reason": row.reason,
        "reasons": [reason(r) for r in row.reasons],
        "missing": list(row.missing),
        "files": row.files,
        "policy": row.policy,
        "evidence": list(row.evidence),
        "status": page.status,
        "media_type": page.media_type,
        "bytes": page.bytes,
        "file": page.file,
        "offset": page.offset,
        "record": page.record,
    }


SHAPE = Shape(
    name="audit",
    title="Audit",
    description="The verdict on one URL of a crawl that others made, from the evidence that was there.",
    properties={
        "url": c.URL,
        "host": c.HOST,
        "domain": c.DOMAIN,
        "date": c.time("When it was fetched, by its own account.", nullable=True),
        "stage": c.text("How far the input reaches: before_fetch without the page, else body.", among=Stage),
        "verdict": c.text("keep, exclude, or unknown; unknown is never kept.", among=Judged),
        "reason": c.text("Code of the most decisive reason; none where nothing reserves."),
        "reasons": c.several("All reasons, most decisive first.", REASON),
        "missing": c.several("What would have to be known.", c.text("Kind of evidence, page, head or body.")),
        "files": c.text("Whose location files were read: the input's, or today's.", among=FilesOf),
        "policy": c.POLICY,
        "evidence": c.several("Everything that was read.", c.digest("SHA-256.")),
        "status": c.count("HTTP status of the answer.", nullable=True, maximum=999),
        "media_type": c.text("Media type.", nullable=True),
        "bytes": c.count("Length of the body after decompression.", nullable=True),
        "file": c.text("File of the input."),
        "offset": c.count("Byte of the WARC record or its gzip member; line; or row of a Parquet file."),
        "record": c.text("WARC-Record-ID.", nullable=True),
    },
    present=audited,
)

"""Withdrawals: documents that were taken back, by everything an earlier export knows them by."""

from __future__ import annotations

from collections.abc import Iterator

from crawler.exports.tables import columns as c
from crawler.exports.tables.model import Selection, Table
from crawler.exports.tables.present import withdrawal
from crawler.store.database import Connection
from crawler.store.queries.withdrawals import WithdrawalFilter, WithdrawnRow, withdrawals


def rows(connection: Connection, wanted: Selection) -> Iterator[WithdrawnRow]:
    """Withdrawn documents in the order of their decisions."""
    return withdrawals(
        connection,
        WithdrawalFilter(
            domain=wanted.domain,
            url_prefix=wanted.prefix,
            since=wanted.since,
            until=wanted.until,
            after=wanted.after,
        ),
    )


TABLE = Table(
    name="withdrawals",
    title="Withdrawals",
    description="A document that was taken back: when, why, and by which keys an earlier export knows it.",
    properties={
        "url": c.URL,
        "domain": c.DOMAIN,
        "media_type": c.text("Media type."),
        "bytes": c.count("Length after decompression."),
        "body_sha256": c.digest("SHA-256 of the body after decompression."),
        "kept_at": c.time("When it was kept; the WARC-Date of its record."),
        "crawl": c.CRAWL,
        "decision": c.count("Number of the decision that kept it."),
        "warc": c.WARC,
        "withdrawn_at": c.time("When it was withdrawn.", nullable=True),
        "reason": c.text("Why.", nullable=True),
    },
    takes=("domain", "prefix", "since", "until"),
    rows=rows,
    present=withdrawal,
    number=lambda row: row.decision_id,
    until_begun=True,
    seen=lambda row: row.withdrawn_at or row.kept_at,
)

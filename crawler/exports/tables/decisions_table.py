"""Decisions: one for every URL and attempt."""

from __future__ import annotations

from collections.abc import Iterator

from crawler.exports.tables import columns as c
from crawler.exports.tables.model import Selection, Table
from crawler.present import decision
from crawler.store.database import Connection
from crawler.store.queries.decisions import DecisionFilter, DecisionRow, decisions

REASON = c.record(
    "A reason.",
    {
        "code": c.text("Reason code."),
        "protocol": c.text("Who gave it: a protocol, or our own part of the crawler."),
        "use": c.USE,
        "evidence": c.text("SHA-256 of the file that says so; of a list, of the list.", nullable=True),
        "line": c.LINE,
        "quote": c.QUOTE,
        "why": c.text("More, in our own words.", nullable=True),
    },
)


def rows(connection: Connection, wanted: Selection) -> Iterator[DecisionRow]:
    """Decisions in the order they were recorded."""
    return decisions(
        connection,
        DecisionFilter(
            domain=wanted.domain,
            host=wanted.host,
            url_prefix=wanted.prefix,
            verdict=wanted.verdict,
            reason=wanted.reason,
            crawl_id=wanted.crawl,
            since=wanted.since,
            until=wanted.until,
            after=wanted.after,
        ),
    )


TABLE = Table(
    name="decisions",
    title="Decisions",
    description="What was settled about a URL, when, why, and from which evidence.",
    properties={
        "url": c.URL,
        "via": c.text("The URL that redirected here.", nullable=True),
        "host": c.HOST,
        "domain": c.DOMAIN,
        "decided_at": c.time("When it was decided."),
        "stage": c.STAGE,
        "verdict": c.VERDICT,
        "reason": c.text("Code of the most decisive reason; none where nothing reserves."),
        "reasons": c.several("All reasons, most decisive first.", REASON),
        "crawl": c.CRAWL,
        "identity": c.IDENTITY,
        "policy": c.POLICY,
        "evidence": c.several("Everything that was read.", c.digest("SHA-256.")),
        "status": c.count("HTTP status of the answer.", nullable=True, maximum=999),
        "bytes": c.count("Length of the body after decompression.", nullable=True),
        "warc": c.WARC,
    },
    takes=("domain", "host", "prefix", "verdict", "reason", "crawl", "since", "until"),
    rows=rows,
    present=decision,
    number=lambda row: row.id,
    seen=lambda row: row.decided_at,
    policy=lambda row: row.policy,
)

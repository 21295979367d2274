"""Exclusions by source: every reason that left a URL out."""

from __future__ import annotations

from collections.abc import Iterator

from crawler.exports.tables import columns as c
from crawler.exports.tables.model import Selection, Table
from crawler.exports.tables.present import exclusion
from crawler.store.database import Connection
from crawler.store.queries.causes import Cause, CauseFilter, causes


def rows(connection: Connection, wanted: Selection) -> Iterator[Cause]:
    """Exclusions in the order they were recorded, the reasons of each from the most decisive on."""
    return causes(
        connection,
        CauseFilter(
            source=wanted.source,
            domain=wanted.domain,
            host=wanted.host,
            crawl_id=wanted.crawl,
            since=wanted.since,
            until=wanted.until,
            after=wanted.after,
        ),
    )


TABLE = Table(
    name="exclusions",
    title="Exclusions by source",
    description="One reason that left a URL out; a URL with three reasons has three rows.",
    properties={
        "source": c.text("Who gave the reason: a protocol, or a list as blocklist.<name>."),
        "code": c.text("Reason code."),
        "position": {**c.count("1 for the most decisive reason of its decision."), "minimum": 1},
        "use": c.USE,
        "evidence": c.text("SHA-256 of the file that says so; of a list, of the list.", nullable=True),
        "line": c.LINE,
        "quote": c.QUOTE,
        "why": c.text("More in our words; of a list, decision, body and date.", nullable=True),
        "url": c.URL,
        "host": c.HOST,
        "domain": c.DOMAIN,
        "decided_at": c.time("When it was decided."),
        "stage": c.STAGE,
        "crawl": c.CRAWL,
        "identity": c.IDENTITY,
        "policy": c.POLICY,
        "decision": c.count("Number of the decision in the record."),
    },
    takes=("source", "domain", "host", "crawl", "since", "until"),
    rows=rows,
    present=exclusion,
    number=lambda row: row.decision.id,
    seen=lambda row: row.decision.decided_at,
    policy=lambda row: row.decision.policy,
)

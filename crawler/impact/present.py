"""Rows of an impact as they are written."""

from __future__ import annotations

from crawler.exports.tables import columns as c
from crawler.exports.tables.model import Shape
from crawler.impact.model import Change, ImpactRow, Redecided
from crawler.present import Json


def impact_row(row: ImpactRow) -> Json:
    """URLs and bytes of one change."""
    return {
        "by": row.by,
        "change": row.change,
        "key": row.key or None,
        "urls": row.urls,
        "bytes": row.bytes,
        "unmeasured": row.unmeasured,
        "example": row.example or None,
    }


def redecided(item: Redecided) -> Json:
    """One URL that comes out otherwise, or cannot be decided again."""
    after = item.after or (None, None)
    return {
        "url": item.url,
        "domain": item.domain,
        "change": item.change,
        "verdict": item.before[0] or None,
        "reason": item.before[1] or None,
        "verdict_then": after[0],
        "reason_then": after[1],
        "cause": item.cause,
        "missing": list(item.missing),
        "bytes": item.bytes,
        "decision": item.number,
    }


SHAPE = Shape(
    name="impact",
    title="Impact",
    description="How many URLs and bytes other terms would win, lose or leave unknown.",
    properties={
        "by": c.text("What is counted by.", among=("total", "reason", "missing", "domain")),
        "change": c.text("What becomes of the URLs.", among=Change),
        "key": c.text("Reason code, what is missing, or domain; null for a total.", nullable=True),
        "urls": c.count("URLs, each by its last decision."),
        "bytes": c.count("Bytes of their bodies, as far as these were read."),
        "unmeasured": c.count("URLs of which no body was read."),
        "example": c.text("One of the URLs.", nullable=True),
    },
    present=impact_row,
)

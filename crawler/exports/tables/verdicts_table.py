"""Decisions in short: what is counted and looked up, without the words of others and without evidence."""

from __future__ import annotations

from crawler.exports.tables import columns as c
from crawler.exports.tables.decisions_table import TABLE as DECISIONS
from crawler.exports.tables.model import Table
from crawler.exports.tables.present import verdict

_SAME = ("url", "via", "host", "domain", "decided_at", "stage", "verdict", "reason")
_MORE = ("crawl", "identity", "policy", "status", "bytes")

TABLE = Table(
    name="verdicts",
    title="Decisions in short",
    description="What was settled about a URL, when and for which reasons, without the words that were read.",
    properties={
        **{name: DECISIONS.properties[name] for name in _SAME},
        "codes": c.several("Codes of all reasons, most decisive first.", c.text("Reason code.")),
        **{name: DECISIONS.properties[name] for name in _MORE},
        "decision": c.count("Number of the decision in the record."),
    },
    takes=DECISIONS.takes,
    rows=DECISIONS.rows,
    present=verdict,
    number=DECISIONS.number,
    seen=DECISIONS.seen,
    policy=DECISIONS.policy,
)

"""Which host names and URLs courts and authorities of the EU and EEA have named, and on which date.

Pure: bytes, hosts and dates in, entries and hits out. Nothing here fetches, reads a clock or stores.
"""

from blocklists.index import Index
from blocklists.model import (
    BodyKind,
    Confidence,
    Entry,
    Hit,
    MatchRule,
    Parsed,
    RecognitionKind,
    Rejected,
    Scope,
    Status,
    ValueKind,
)
from blocklists.policy import ListPolicy
from blocklists.snapshot import Listing, Snapshot
from blocklists.source import Source

__all__ = [
    "BodyKind",
    "Confidence",
    "Entry",
    "Hit",
    "Index",
    "ListPolicy",
    "Listing",
    "MatchRule",
    "Parsed",
    "RecognitionKind",
    "Rejected",
    "Scope",
    "Snapshot",
    "Source",
    "Status",
    "ValueKind",
]

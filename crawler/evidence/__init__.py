"""Evidence per origin: asked for once, kept fresh, shared by all who wait for it."""

from crawler.evidence.client import EvidenceClient, Limits
from crawler.evidence.store import EvidenceStore, Freshness

__all__ = ["EvidenceClient", "EvidenceStore", "Freshness", "Limits"]

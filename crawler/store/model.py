"""What callers hand to the record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from crawler.software import SOFTWARE
from crawler.store.codec import to_json

if TYPE_CHECKING:
    from crawler.gate import Terms


class CrawlStatus(StrEnum):
    """How a crawl stands."""

    RUNNING = "running"
    FINISHED = "finished"
    INTERRUPTED = "interrupted"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who we were on the wire."""

    product_token: str
    user_agent: str
    from_address: str
    info_url: str
    signature_agent: str | None = None
    """Origin of the key directory; None: requests are not signed."""
    keyid: str | None = None
    """Thumbprint of the key that signs; one key a crawl."""
    signature_profile: str | None = None
    """Revision of Web Bot Auth, and which schemes are signed."""

    @property
    def hash(self) -> str:
        """SHA-256 of the identity as JSON, by which it is known."""
        return sha256(to_json(asdict(self)).encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class CrawlStart:
    """What a crawl sets out with."""

    started_at: datetime
    command: str
    config: Mapping[str, Any]
    identity: Identity
    terms: Terms
    blocklist_set: str | None = None
    publication_id: int | None = None
    """The publication in force that says how this crawl works, if one does."""
    software: str = SOFTWARE
    """What reads and decides: a later release may read the same bytes differently."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WarcPlace:
    """Where a record lies: path below the data folder, and the compressed record's bytes."""

    file: str
    offset: int
    length: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back for the URL itself, as far as it was taken."""

    status: int | None = None
    media_type: str | None = None
    bytes: int | None = None
    body_sha256: str | None = None
    attempt: int = 0


NO_ANSWER = Answer()

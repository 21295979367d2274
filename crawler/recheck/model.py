"""What a second look is made of."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum

from crawler.config import Config
from crawler.exchange import Exchange
from crawler.gate import Case, Decision, Terms
from crawler.instance import Instance
from crawler.network import Client
from crawler.store.model import Answer
from crawler.store.queries.recheck import Known, Page
from reservations.model import Evidence, Stage, Verdict

ASK_LATER = frozenset({429, 503})


class PutOffError(Exception):
    """The host's next turn is too far away to wait for: nothing was asked, and nothing is decided."""

    def __init__(self, host: str, seconds: float) -> None:
        super().__init__(f"{host}: the next turn is {seconds:.0f} s away")
        self.host = host
        self.seconds = seconds


class Read(IntEnum):
    """How much of a page a decision rests on."""

    NOTHING = 0
    HEAD = 1
    WHOLE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What it takes to look at a page."""

    config: Config
    instance: Instance
    client: Client
    """Asks for pages, as a crawl does."""
    terms: Terms
    software: str
    """What reads now, as the record names it."""
    files_of: Callable[[str], Awaitable[tuple[Evidence, ...]]]
    """The files of an origin as they were found last, to be asked for only if they have changed."""
    now: Callable[[], float]
    files_only: bool = False
    """Ask for the files of sites, and for no page."""

    def moment(self) -> datetime:
        """The time, in UTC."""
        return datetime.fromtimestamp(self.now(), UTC)

    def case(self, hop: Hop, stage: Stage) -> Case:
        """What is known of a hop so far."""
        exchange = hop.exchange
        return Case(
            url=exchange.url,
            via=exchange.via,
            stage=stage,
            decided_at=self.moment(),
            evidence=(*exchange.location, *hop.evidence),
            hits=exchange.hits,
            found=exchange.found,
        )


@dataclass(slots=True, kw_only=True)
class Hop:
    """One URL on the way from a kept page to what it answers today; filled in on the way."""

    exchange: Exchange
    known: Known
    read: Read = Read.NOTHING
    evidence: tuple[Evidence, ...] = ()
    """What the page itself says: its head and its extract."""
    confirmed: Page | None = None
    """The stored page, where a 304 or nobody's asking says that it is still the one."""

    @property
    def decision(self) -> Decision:
        """What was decided."""
        assert self.exchange.decision is not None
        return self.exchange.decision

    @property
    def wants_patience(self) -> bool:
        """Whether the page was answered with "later", so that it is asked for again in a moment."""
        wire = self.exchange.wire
        return wire is not None and wire.status in ASK_LATER and self.decision.verdict is Verdict.DEFER

    @property
    def answer(self) -> Answer:
        """What came back, as the record has it."""
        wire, page = self.exchange.wire, self.confirmed
        media_type = wire.media_type if wire else None
        return Answer(
            status=wire.status if wire else None,
            media_type=page.media_type if page else media_type,
            bytes=page.bytes if page else self.exchange.length,
            body_sha256=page.body_sha256 if page else self.exchange.body_sha256,
            attempt=self.exchange.attempt,
        )

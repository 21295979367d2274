"""What waits to be fetched: a durable queue with a lane per host.

The host is the unit of politeness and of ownership. Delivery is at least once: a URL that was leased
when the process died is leased again, so whatever is stored for it must be idempotent by URL.

`crawler.frontier.sql` keeps the queue in the instance's own database. The interface stays this narrow
because URL Frontier (https://github.com/crawler-commons/url-frontier), where several machines share
one queue, has the same four calls: PutURLs, GetURLs, an acknowledging PutURLs and BlockQueueUntil.
"""

from __future__ import annotations

from asyncio import Future
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

Source = Literal["seed", "link", "redirect", "sitemap"]
"""How a URL was found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A URL that may be fetched one day."""

    url: str
    host: str
    """The queue it belongs to: the host name as the politeness rules count it."""
    depth: int = 0
    """Links between a seed and this URL."""
    via: str | None = None
    """The URL that redirected here."""
    hops: int = 0
    """Redirects in a row that led here."""
    source: Source = "link"
    priority: int = 0
    """Within the host, the higher goes first; equals go in the order they were put."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leased:
    """A URL handed out, to be acknowledged by its id."""

    id: int
    url: str
    host: str
    depth: int
    via: str | None
    hops: int
    source: Source
    attempt: int
    """How many attempts ended before this one; 0 the first time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """What a call of `lease` handed out, and what is left."""

    rows: tuple[Leased, ...]
    open_rows: int
    """URLs not finished: waiting, leased (these included) or put off; 0 means nothing is left."""
    next_due: float | None
    """The first moment another row can be handed out for what the clock alone decides; None where
    only an acknowledgement or a new URL can change anything. In the past: ask again now."""


class Frontier(Protocol):
    """Four calls, answered in the order they were made. A future fires once its effect is durable."""

    def put(self, candidates: Sequence[Candidate]) -> Future[int] | None:
        """Add URLs; the answer is how many were new.

        A URL that is known in any state, finished ones included, is left as it is: putting twice is
        putting once. Within a host and priority, the order of the first put is kept.
        """
        ...

    def lease(self, limit: int) -> Future[Lease]:
        """Hand out at most `limit` rows, each to nobody else until it is acknowledged.

        Never more than `per_host` unacknowledged rows of one host; never a row of a host before its
        delay since the last row has passed, nor before the moment it is blocked until. The host that
        has been ready longest goes first, one row per host and turn.
        """
        ...

    def ack(self, row_id: int, retry_at: float | None = None) -> Future[None]:
        """Finish a leased row for good, or have it wait until `retry_at` with its attempt counted.

        Acknowledging a row that is not leased changes nothing. Never durable before what was written
        ahead of it through the same writer, so a finished row's document is there.
        """
        ...

    def block(self, host: str, until: float) -> Future[None]:
        """Hand out no row of `host` before `until`. Only ever lengthens a wait; survives a restart."""
        ...

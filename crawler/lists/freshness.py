"""How old each list is, and whether that is too old. A stale list is wrong in both directions.

Orders end, and names are lifted; new ones come every week. So a list past its age warns, and stops the
crawl if the operator says so (`[blocklists] allow_stale = false`), after a time of grace.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from blocklists.model import OVERRIDES
from blocklists.register import Registered
from blocklists.snapshot import Snapshot
from crawler.config import Config

DAY = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Freshness:
    """The age of one list."""

    name: str
    confirmed_at: datetime | None
    """When it was last fetched, or seen unchanged; None if it never was."""
    limit: timedelta
    age: timedelta | None
    grace: timedelta

    @property
    def stale(self) -> bool:
        """Whether somebody has to look."""
        return self.age is None or self.age > self.limit

    @property
    def overdue(self) -> bool:
        """Whether the time of grace is over as well."""
        return self.age is None or self.age > self.limit + self.grace

    def sentence(self) -> str:
        """What is wrong, and the remedy."""
        remedy = f"`forbear blocklists update {self.name}`, or import it again"
        if self.age is None:
            return f"the list {self.name} is switched on and was never fetched; {remedy}"
        return (
            f"the list {self.name} was last confirmed {self.age.days} days ago, "
            f"more than {self.limit.days}; {remedy}"
        )


def freshness(
    config: Config, snapshot: Snapshot, register: Mapping[str, Registered], now: datetime
) -> tuple[Freshness, ...]:
    """The age of every list in force, and of those that are switched on and missing."""
    grace = timedelta(seconds=getattr(config.blocklists, "grace", 7 * DAY))
    found = []
    for listing in snapshot.listings:
        if listing.name == OVERRIDES:
            continue  # our own log does not age
        known = register.get(listing.name)
        limit = known.stale_after if known else timedelta(seconds=config.blocklists.max_age)
        found.append(
            Freshness(
                name=listing.name,
                confirmed_at=listing.retrieved_at,
                limit=limit,
                age=max(timedelta(), now - listing.retrieved_at),
                grace=grace,
            )
        )
    missing = set(enabled(config)) - {listing.name for listing in snapshot.listings}
    found += [
        Freshness(name=name, confirmed_at=None, limit=timedelta(), age=None, grace=grace)
        for name in sorted(missing)
        if name in register and register[name].fetched
    ]
    return tuple(found)


def enabled(config: Config) -> tuple[str, ...]:
    """The registered sources that this operator has switched on."""
    return tuple(getattr(config.blocklists, "sources", ()))


def must_stop(config: Config, ages: tuple[Freshness, ...]) -> str:
    """Why no crawl may go on with these lists; empty if it may."""
    if config.blocklists.allow_stale:
        return ""
    return next((age.sentence() for age in ages if age.overdue), "")

"""Why is a host listed, or not, on which day, by what we knew when; and how does it get off?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

from blocklists import wording
from blocklists.hostnames import canonical_host
from blocklists.index import is_exempt
from blocklists.model import OVERRIDES, Hit, MatchRule
from blocklists.policy import ListPolicy
from blocklists.register import Registered
from blocklists.snapshot import Listing, Snapshot
from crawler.config import Config
from crawler.lists.loading import SHOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """One entry that names the host."""

    hit: Hit
    objection: str
    """Why it does not count; empty if it does."""
    listing: Listing | None
    age_days: int | None
    """Age of its list on the day asked about, or when it was last confirmed before that."""
    ways_off: tuple[str, ...]

    @property
    def counts(self) -> bool:
        """Whether the host is not visited for it."""
        return not self.objection


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """The answer, which is dated and names its set also where it is `not listed`."""

    asked: str
    host: str
    day: date
    set_id: str
    lists: tuple[str, ...]
    mentions: tuple[Mention, ...]

    @property
    def listed(self) -> bool:
        """Whether any entry counts."""
        return any(mention.counts for mention in self.mentions)


def explain(
    snapshot: Snapshot,
    policy: ListPolicy,
    asked: str,
    *,
    day: date,
    known: datetime | None = None,
    register: Mapping[str, Registered],
    contact: str = "",
) -> Explanation:
    """What a set says of a host or URL on a day; with `known`, by what we had learned by then."""
    if known is not None:
        snapshot = Snapshot(tuple(as_known(listing, known) for listing in snapshot.listings))
    index = snapshot.index(policy)
    counting = set(map(_key, index.lookup(asked, day)))
    listings = {listing.name: listing for listing in snapshot.listings}
    named = index.mentions(asked)
    mentions = []
    for hit in named:
        listing, source = listings.get(hit.entry.source), register.get(hit.entry.source)
        ways = wording.ways_off(hit.entry, source.publisher if source and not _ours(hit) else "", contact)
        mentions.append(
            Mention(
                hit=hit,
                objection="" if _key(hit) in counting else _objection(hit, named, policy, day),
                listing=listing,
                age_days=_age(listing),
                ways_off=(*ways, *((source.delisting,) if source and source.delisting else ())),
            )
        )
    return Explanation(
        asked=asked,
        host=canonical_host(asked) or "",
        day=day,
        set_id=snapshot.set_id,
        lists=tuple(listings),
        mentions=tuple(mentions),
    )


def as_known(listing: Listing, moment: datetime) -> Listing:
    """A list as far as we had learned it at a moment."""
    entries = (entry.as_known(moment) for entry in listing.entries)
    return Listing(
        name=listing.name,
        format=listing.format,
        sha256=listing.sha256,
        retrieved_at=min(listing.retrieved_at, moment),
        entries=tuple(entry for entry in entries if entry is not None),
        rejected=listing.rejected,
        url=listing.url,
    )


def contact_of(config: Config) -> str:
    """Whom a site owner writes to."""
    return config.operator.contact or config.from_address


def short(digest: str) -> str:
    """As much of a digest as is shown."""
    return digest[:SHOWN]


def _key(hit: Hit) -> tuple[str, str, str]:
    return hit.entry.source, hit.entry.entry_id, hit.matched


def _ours(hit: Hit) -> bool:
    return hit.entry.source in (OVERRIDES, "curated")


def _objection(hit: Hit, named: tuple[Hit, ...], policy: ListPolicy, day: date) -> str:
    if hit.entry.source == OVERRIDES:
        return "an exemption of the operator's own" + ("" if is_exempt(hit.entry, day) else ", not in force")
    if hit.rule is MatchRule.WORK:
        return "it names single works, not the site"
    return policy.objection(hit.entry, day) or _exempt(hit, named)


def _exempt(hit: Hit, others: tuple[Hit, ...]) -> str:
    """Why an entry that the policy has nothing against does not count."""
    for other in others:
        if other.entry.source == OVERRIDES:
            return f"overridden by {other.entry.body}: {other.entry.decision_ref.removeprefix('override: ')}"
    return "the list itself exempts the name"


def _age(listing: Listing | None) -> int | None:
    return wording.age_in_days(listing.retrieved_at, datetime.now(UTC)) if listing else None

"""Evidence per origin: one fetch in flight whose result every waiter sees, and an explicit expiry."""

from __future__ import annotations

import asyncio
import inspect
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import Protocol

from crawler.politeness import Backoff, Clock, retry_after
from reservations.model import Agent, Evidence, EvidenceRequest, Outcome, Profile
from reservations.origins import origin_of
from reservations.plan import is_closed, plan_for
from reservations.protocols import discover
from reservations.read import Reader, extract

OnFetched = Callable[[Evidence], Awaitable[None] | None]
"""Told of each observation before anybody is given it; what it raises, every waiter gets."""

_MAX_ROUNDS = 16
_LOOK_AT = 64
"""Origins looked at for room; the rest of the search is left to the next call."""
_READ_APART = 100_000
"""Bytes beyond which an answer is reduced off the event loop."""
_OVERHEAD = 1024
"""Bytes that an entry is counted for beside its body."""


class Fetcher(Protocol):
    """What asks for evidence; never raises for what a site does."""

    async def fetch(self, request: EvidenceRequest, previous: Evidence | None = None) -> Evidence:
        """Ask once; `previous` may be revalidated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Freshness:
    """How long evidence holds, and how much of it is kept in memory."""

    seconds: float = 86_400.0
    """RFC 9309 section 2.4: not more than 24 hours."""
    backoff: Backoff = field(default_factory=Backoff)
    """Until an origin that could not be reached is asked again."""
    origins: int = 10_000
    size: int = 256 * 2**20
    """Bytes of all bodies together; beyond, whole origins are forgotten, least recently used first."""


@dataclass(slots=True)
class _Slot:
    evidence: Evidence | None = None
    found: Evidence | None = None
    """The last body that was found, to be revalidated, also after failures."""
    expires: float = 0.0
    failures: int = 0
    size: int = 0
    task: asyncio.Task[Evidence] | None = None


_Key = tuple[str, str]


class EvidenceStore:
    """Everything known about the location files of the origins of a running crawl.

    A failed fetch is an answer like any other: it is given to all who ask until its time to try
    again has come, and is never taken for an absent file.
    """

    def __init__(
        self,
        fetcher: Fetcher,
        agent: Agent,
        profile: Profile = Profile.STANDARD,
        *,
        freshness: Freshness | None = None,
        clock: Clock | None = None,
        on_fetched: OnFetched | None = None,
    ) -> None:
        discover()  # imported now, not while the first page waits
        self._fetcher = fetcher
        self._agent = agent
        self._profile = profile
        self._freshness = freshness or Freshness()
        self._clock = clock or Clock()
        self._on_fetched = on_fetched
        self._origins: OrderedDict[str, dict[_Key, _Slot]] = OrderedDict()
        self._together: dict[str, tuple[EvidenceRequest, ...]] = {}
        """What a URL of an origin needed, in the order in which it was asked for."""
        self._size = 0

    async def gather(self, url: str, reader: Reader | None = None) -> tuple[Evidence, ...]:
        """All evidence that `plan` wants before `url` may be requested.

        `reader` is the URL's own, if the caller goes on reading with it. Raises ValueError for a URL
        without a host.
        """
        reader = reader or Reader(url, self._agent)
        if evidence := self._at_hand(reader):
            return evidence
        asked: list[EvidenceRequest] = []
        for _ in range(_MAX_ROUNDS):
            wanted = [r for r in plan_for(reader, evidence, self._profile) if r not in asked]
            if not wanted:
                break
            asked += wanted
            evidence += tuple(await asyncio.gather(*map(self.get, wanted)))
        if len(asked) > 1:
            self._together[origin_of(url)] = tuple(asked)
        return evidence

    def _at_hand(self, reader: Reader) -> tuple[Evidence, ...]:
        """What was gathered for another URL of the origin, if it is fresh and all that this one needs.

        The usual case, in one step instead of a round of planning for each kind of file.
        """
        found = [self._fresh(self._slot(r)) for r in self._together.get(origin_of(reader.url), ())]
        evidence = tuple([e for e in found if e is not None])
        if not evidence or plan_for(reader, evidence, self._profile):
            return ()
        # for a URL that robots.txt denies, the other files are not looked at either
        return () if is_closed(reader, evidence, self._profile) else evidence

    def _fresh(self, slot: _Slot) -> Evidence | None:
        return slot.evidence if self._clock.monotonic() < slot.expires else None

    async def get(self, request: EvidenceRequest) -> Evidence:
        """One piece of evidence, fresh; fetched if need be. A cancelled waiter cancels no fetch."""
        slot = self._slot(request)
        if (evidence := self._fresh(slot)) is not None:
            return evidence
        if slot.task is None:
            slot.task = asyncio.create_task(self._fetch(slot, request))
        return await asyncio.shield(slot.task)

    def at_hand(self, request: EvidenceRequest) -> Evidence | None:
        """What is known of a request without asking, while it is fresh."""
        slot = self._origins.get(origin_of(request.url), {}).get((request.kind, request.url))
        return None if slot is None else self._fresh(slot)

    def next_try(self, origin: str) -> float | None:
        """When all that could not be had of an origin may be asked again, in seconds since the epoch.

        None where nothing is missing.
        """
        slots = self._origins.get(origin, {}).values()
        missing = [s.expires for s in slots if s.evidence and s.evidence.outcome is Outcome.UNREACHABLE]
        if not missing:
            return None
        return self._clock.wall().timestamp() + max(0.0, max(missing) - self._clock.monotonic())

    def remember(self, evidence: Evidence) -> None:
        """Take over what an earlier run recorded, for the rest of its time; failures are not kept."""
        if evidence.outcome is Outcome.UNREACHABLE:
            return
        slot = self._slot(EvidenceRequest(kind=evidence.kind, url=evidence.url))
        self._put(slot, evidence)
        age = (self._clock.wall() - evidence.fetched_at).total_seconds()
        slot.expires = self._clock.monotonic() + self._freshness.seconds - max(0.0, age)

    def recall(self, evidence: Evidence) -> None:
        """Hold what an earlier run found, to be revalidated: no answer by itself, however young it is."""
        slot = self._slot(EvidenceRequest(kind=evidence.kind, url=evidence.url))
        if slot.found is None and slot.evidence is None and evidence.outcome is Outcome.FOUND:
            slot.found = evidence
            self._resize(slot, evidence)

    async def aclose(self) -> None:
        """Give up what is in flight."""
        tasks = [s.task for slots in self._origins.values() for s in slots.values() if s.task]
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError, Exception):
                await task

    async def _fetch(self, slot: _Slot, request: EvidenceRequest) -> Evidence:
        try:
            evidence = await self._fetched(request, slot.found)
            if self._on_fetched is not None:
                told = self._on_fetched(evidence)
                if inspect.isawaitable(told):
                    await told
            self._put(slot, evidence)
            slot.expires = self._clock.monotonic() + self._holds_for(slot, evidence)
            return evidence
        finally:
            slot.task = None

    async def _fetched(self, request: EvidenceRequest, found: Evidence | None) -> Evidence:
        """The answer in the form in which it is kept."""
        evidence = await self._fetcher.fetch(request, found)
        if len(evidence.body) > _READ_APART:
            return (await asyncio.to_thread(extract, evidence, self._agent))[0]
        return extract(evidence, self._agent)[0]

    def _put(self, slot: _Slot, evidence: Evidence) -> None:
        slot.evidence = evidence
        if evidence.outcome is Outcome.FOUND:
            slot.found = evidence
        elif evidence.outcome is not Outcome.UNREACHABLE:
            slot.found = None
        self._resize(slot, slot.found or evidence)

    def _resize(self, slot: _Slot, held: Evidence) -> None:
        size = _OVERHEAD + len(held.body)
        self._size += size - slot.size
        slot.size = size
        self._make_room()

    def _holds_for(self, slot: _Slot, evidence: Evidence) -> float:
        if evidence.outcome is not Outcome.UNREACHABLE:
            slot.failures = 0
            return self._freshness.seconds
        if ("network", "waiting") in evidence.details:
            return float(dict(evidence.details)["wait"])  # never asked, so that no failure counts
        slot.failures += 1
        asked_for = retry_after(_header(evidence.fields, "retry-after"), self._clock.wall())
        return max(self._freshness.backoff.seconds(slot.failures), asked_for or 0.0)

    def _slot(self, request: EvidenceRequest) -> _Slot:
        origin = origin_of(request.url)
        slots = self._origins.setdefault(origin, {})
        self._origins.move_to_end(origin)
        slot = slots.get((request.kind, request.url))
        if slot is None:
            slot = slots[request.kind, request.url] = _Slot()
            self._make_room()
        return slot

    def _make_room(self) -> None:
        """Forget whole origins, oldest use first; none with a fetch in flight, never the newest."""
        for origin in list(islice(self._origins, min(_LOOK_AT, len(self._origins) - 1))):
            if not self._is_full():
                return
            if all(slot.task is None for slot in self._origins[origin].values()):
                self._size -= sum(slot.size for slot in self._origins.pop(origin).values())
                self._together.pop(origin, None)

    def _is_full(self) -> bool:
        return len(self._origins) > self._freshness.origins or self._size > self._freshness.size


def _header(fields: Sequence[tuple[str, str]], name: str) -> str | None:
    return next((value for key, value in fields if key.lower() == name), None)

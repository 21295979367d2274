"""What a crawl has settled so far: each URL once, by its last decision."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from crawler.gate import Decision
from reservations.model import Verdict


class Tally:
    """Counts for the progress bar, the table and the bounds of a crawl."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        """By verdict and reason, with a space between."""
        self.saved_bytes = 0
        """Announced bytes of bodies that were not downloaded because the head decided."""
        self.nothing_left = False
        """Whether every URL of the frontier was settled before this run began."""
        self.example = ""
        """The URL most worth asking `why` about: left out because of a line, else left out, else any."""
        self._worth: tuple[int, int, str] | None = None
        self.on_count: Callable[[], None] = lambda: None
        self._deferred: dict[str, str] = {}
        """URLs whose last attempt was deferred: what they come to replaces it."""

    @property
    def kept(self) -> int:
        """Pages kept in this crawl."""
        return self.counts[f"{Verdict.KEEP} none"]

    def add(self, decision: Decision) -> None:
        """Count a settled decision."""
        earlier = self._deferred.pop(decision.url, None)
        if earlier:
            self.counts[earlier] -= 1
        key = f"{decision.verdict} {decision.reason}"
        self.counts[key] += 1
        if decision.verdict is Verdict.DEFER:
            self._deferred[decision.url] = key
        worth = (-_worth_reading(decision), len(decision.url), decision.url)
        if self._worth is None or worth < self._worth:  # of several the shortest, whichever came first
            self.example, self._worth = decision.url, worth
        self.on_count()


def _worth_reading(decision: Decision) -> int:
    if decision.verdict is Verdict.EXCLUDE:
        return 3 if decision.reasons[0].line else 2
    return 1 if decision.verdict is Verdict.DEFER else 0

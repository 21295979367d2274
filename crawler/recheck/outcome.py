"""What came of a second look: what stayed, what is left out now, what nobody can tell."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from crawler.gate import Decision
from crawler.recheck.model import Hop
from crawler.tally import Tally
from reservations.model import Verdict

EXAMPLES = 5


@dataclass(slots=True, kw_only=True)
class Outcomes:
    """Counts of one run. Pages that others redirect to are not counted: they have rows of their own."""

    tally: Tally = field(default_factory=Tally)
    """Pages looked at, by verdict and reason."""
    closed: Counter[str] = field(default_factory=Counter)
    """Pages that were kept until now and are left out, by reason."""
    opened: int = 0
    """Pages that were left out or unknown, and that nothing reserves any more."""
    confirmed: int = 0
    """Pages that the server confirmed to be unchanged (304)."""
    put_off: Counter[str] = field(default_factory=Counter)
    """Pages that were not looked at because their host's turn is too far away, by host."""
    examples: list[str] = field(default_factory=list)
    """A few pages that are left out now."""

    @property
    def looked_at(self) -> int:
        """Pages looked at."""
        return sum(self.tally.counts.values())

    @property
    def unknown(self) -> int:
        """Pages of which nothing could be found out."""
        return sum(n for key, n in self.tally.counts.items() if key.startswith(f"{Verdict.DEFER} "))

    def add(self, hop: Hop) -> None:
        """Count the look at one kept page."""
        decision, before = hop.decision, hop.known.verdict
        if before is Verdict.KEEP and decision.verdict is Verdict.EXCLUDE:
            self._close(decision)
        self.opened += before is not Verdict.KEEP and decision.verdict is Verdict.KEEP
        self.confirmed += hop.answer.status == 304
        self.tally.add(decision)

    def _close(self, decision: Decision) -> None:
        self.closed[decision.reason] += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append(decision.url)

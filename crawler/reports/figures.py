"""One crawl in figures: what was decided, over time, for which reasons, of which domains."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from crawler.reports import facts
from crawler.store.database import Connection
from crawler.store.queries.domains import LeftOut, most_left_out
from crawler.store.queries.measures import RunRow, kept_without_evidence
from crawler.store.queries.timeline import Moment, Span, Unit, span, timeline

MOST_STEPS = 60
"""Steps of a chart: more would be thinner than a line."""
FEWEST = 3
"""A chart with fewer steps is a sentence."""
KEPT = ("keep", "none")

Key = tuple[str, str]
"""Verdict and first reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """How wide the steps of time are."""

    seconds: int
    unit: Unit
    each: str
    """`a minute`: what a count of one step is counted per."""
    clock: str
    """How the time of a step is written."""


STEPS = (
    Step(seconds=1, unit=Unit.SECOND, each="a second", clock="%H:%M:%S"),
    Step(seconds=10, unit=Unit.SECOND, each="in ten seconds", clock="%H:%M:%S"),
    Step(seconds=60, unit=Unit.MINUTE, each="a minute", clock="%H:%M"),
    Step(seconds=600, unit=Unit.MINUTE, each="in ten minutes", clock="%-d %b, %H:%M"),
    Step(seconds=3600, unit=Unit.HOUR, each="an hour", clock="%-d %b, %H:%M"),
    Step(seconds=21_600, unit=Unit.HOUR, each="in six hours", clock="%-d %b, %H:%M"),
    Step(seconds=86_400, unit=Unit.DAY, each="a day", clock="%-d %b"),
    Step(seconds=604_800, unit=Unit.DAY, each="a week", clock="%-d %b"),
    Step(seconds=31 * 86_400, unit=Unit.DAY, each="in 31 days", clock="%-d %b %Y"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Everything that is told of a crawl."""

    run: RunRow
    bot: str
    span: Span | None
    step: Step
    times: tuple[datetime, ...]
    """When each step begins."""
    series: Mapping[Key, tuple[int, ...]]
    """Decisions in each step, the most frequent first."""
    domains: tuple[LeftOut, ...]
    without_evidence: int

    @property
    def decisions(self) -> int:
        """All decisions."""
        return self.span.decisions if self.span else 0

    def verdict(self, verdict: str) -> int:
        """Decisions with this verdict."""
        return sum(sum(values) for (of, _), values in self.series.items() if of == verdict)

    @property
    def pace(self) -> tuple[int, ...]:
        """Decisions in each step."""
        return tuple(map(sum, zip(*self.series.values(), strict=True)))

    def reasons(self, verdict: str) -> tuple[tuple[str, int], ...]:
        """First reasons with this verdict, the most frequent first."""
        return tuple((code, sum(values)) for (of, code), values in self.series.items() if of == verdict)

    @property
    def main_reason(self) -> str:
        """Why most pages were left out that somebody reserved, listed or closed; empty if there are none."""
        said = (c for c, _ in self.reasons("exclude") if c.partition(".")[0] not in facts.NOT_SAID)
        return next(said, "")


def figures(connection: Connection, number: int | None) -> Figures:
    """The figures of a crawl, or of the newest. Raises ReportError where there is none."""
    run = facts.run_of(connection, number)
    found = span(connection, run.id)
    step = _step(found)
    times = _times(found, step)
    return Figures(
        run=run,
        bot=str(run.terms["token"]),
        span=found,
        step=step,
        times=times,
        series=_series(timeline(connection, run.id, step.unit), times, step),
        domains=most_left_out(connection, run.id),
        without_evidence=kept_without_evidence(connection, run.id),
    )


def _step(found: Span | None) -> Step:
    seconds = (found.last - found.first).total_seconds() if found else 0.0
    return next((step for step in STEPS if seconds / step.seconds < MOST_STEPS), STEPS[-1])


def _times(found: Span | None, step: Step) -> tuple[datetime, ...]:
    if found is None:
        return ()
    first = _floor(found.first, step)
    number = int((found.last - first).total_seconds() // step.seconds) + 1
    return tuple(first + timedelta(seconds=step.seconds * i) for i in range(number))


def _floor(when: datetime, step: Step) -> datetime:
    """The beginning of a step: of days where it is longer than one, else of its own multiples."""
    seconds = min(step.seconds, 86_400)
    return datetime.fromtimestamp(when.timestamp() // seconds * seconds, UTC)


def _series(moments: Iterable[Moment], times: tuple[datetime, ...], step: Step) -> dict[Key, tuple[int, ...]]:
    counted: dict[Key, Counter[int]] = {}
    for one in moments:
        key = KEPT if one.verdict == KEPT[0] else (one.verdict, one.reason)
        place = int((one.at - times[0]).total_seconds() // step.seconds)
        counted.setdefault(key, Counter())[max(0, place)] += one.decisions
    ordered = sorted(counted, key=lambda key: (-counted[key].total(), key))
    return {key: tuple(counted[key][i] for i in range(len(times))) for key in ordered}

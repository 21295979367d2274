"""Applying retention rules: counted first, then removed batch by batch, each a transaction of its own.

A process that dies leaves whole batches removed and the others untouched; run again, it goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from crawler.config import Config
from crawler.log.erasure import redact
from crawler.retention.holds import Hold
from crawler.retention.mailbox import drop_mails
from crawler.retention.model import Candidate, Cause, Order, Redaction, Survey, survey
from crawler.retention.upkeep import Upkeep, upkeep
from crawler.store.database import Connection, open_for_reading
from crawler.store.log import Engine
from crawler.store.queries.retention import holds
from crawler.store.retention.exclusive import vacuum
from crawler.store.retention.marks import Marks
from crawler.store.retention.rule import Due, Removal, Rule, rules

Progress = Callable[[str, int], None]
"""A rule, and how many rows it has removed so far."""


class HoldsChangedError(Exception):
    """A hold was placed or released while things were removed: what it covers must be asked again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """What a rule removed."""

    rule: str
    rows: int
    bytes: int
    redactions: tuple[int, ...]


def days_of(config: Config) -> dict[str, int]:
    """How long each kind of thing is kept, by rule; 0: for ever."""
    return {rule.name: getattr(config.retention, rule.name) for rule in rules()}


def plan(config: Config, now: datetime) -> tuple[tuple[Survey, ...], tuple[Hold, ...]]:
    """What every rule would remove now, and the holds in force. Changes nothing. Raises DatabaseError."""
    engine = open_for_reading(config.database_url)
    try:
        with engine.connect() as connection:
            held = holds(connection)
            with _marking(engine, held) as marks:
                return tuple(_surveys(config, connection, held, marks, now)), held
    finally:
        engine.dispose()


def prune(
    config: Config, actor: str, now: datetime, progress: Progress = lambda rule, rows: None
) -> tuple[Pruned, ...]:
    """Remove what is older than the rules say and not held.

    Raises what `upkeep` raises, and HoldsChangedError.
    """
    with upkeep(config, now) as open_:
        reading = open_for_reading(config.database_url)
        try:
            with reading.connect() as connection:
                held = holds(connection)
                # Made once: what a rule removes frees nothing for those that follow it.
                with _marking(reading, held) as marks:
                    run = _Run(
                        open_=open_,
                        reading=connection,
                        held=held,
                        actor=actor,
                        now=now,
                        progress=progress,
                    )
                    in_force = [(r, d, _due(d, held, marks, now)) for r, d in _in_force(config)]
                    return tuple(run.apply(*each) for each in in_force)
        finally:
            reading.dispose()


def give_back(config: Config, now: datetime) -> None:
    """Give the space of what was removed back to the disk. Raises what `upkeep` raises."""
    with upkeep(config, now) as open_:
        vacuum(open_.engine)


def _surveys(
    config: Config, connection: Connection, held: tuple[Hold, ...], marks: Callable[[], Marks], now: datetime
) -> Iterator[Survey]:
    days = days_of(config)
    for rule in rules():
        if not days[rule.name]:
            yield Survey(rule=rule.name, days=0)
            continue
        due = _due(days[rule.name], held, marks, now)
        yield survey(rule.name, days[rule.name], rule.candidates(connection, due))


def _in_force(config: Config) -> Iterator[tuple[Rule, int]]:
    days = days_of(config)
    return ((rule, days[rule.name]) for rule in rules() if days[rule.name])


def _due(days: int, held: tuple[Hold, ...], marks: Callable[[], Marks], now: datetime) -> Due:
    return Due(before=now - timedelta(days=days), holds=held, marks=marks)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """One run over all rules."""

    open_: Upkeep
    reading: Connection
    held: tuple[Hold, ...]
    actor: str
    now: datetime
    progress: Progress

    def apply(self, rule: Rule, days: int, due: Due) -> Pruned:
        """Remove what a rule says, batch by batch."""
        rows = size = 0
        made: list[int] = []
        for keys in _batches(self.reading, rule.candidates(self.reading, due), rule.batch):
            removal = Removal(keys=keys, when=self.now, days=days, marks=due.marks)
            redaction = self._remove(rule, removal)
            if redaction is not None:
                rows, size = rows + redaction.rows, size + redaction.bytes
                made.append(redaction.id)
            self.progress(rule.name, rows)
        return Pruned(rule=rule.name, rows=rows, bytes=size, redactions=tuple(made))

    def _remove(self, rule: Rule, removal: Removal) -> Redaction | None:
        """Remove a batch; None where nothing of it was left."""
        order = Order(
            cause=Cause.RETENTION,
            kind=rule.name,
            actor=self.actor,
            reason=f"retention rule {rule.name}: kept for {removal.days} days",
            when=removal.when,
        )
        with self.open_.engine.begin() as connection:
            if holds(connection) != self.held:
                raise HoldsChangedError("holds changed meanwhile; what was removed is whole; run it again")
            if rule.name == "complaints":
                drop_mails(connection, self.open_.data, removal.keys)
            taken = rule.remove(connection, removal)
            made = redact(connection, order, taken) if taken.rows else None
        self.open_.finish(removal.when)
        return made


def _batches(
    connection: Connection, pages: Iterator[Sequence[Candidate]], size: int
) -> Iterator[tuple[int | str, ...]]:
    """Keys of what may go, so many at a time."""
    keys: list[int | str] = []
    for page in pages:
        keys += [candidate.key for candidate in page if not candidate.held]
        # Each page reads the record as it is then; one view held open would let the database grow meanwhile.
        connection.rollback()
        while len(keys) >= size:
            yield tuple(keys[:size])
            del keys[:size]
    if keys:
        yield tuple(keys)


@contextmanager
def _marking(engine: Engine, held: tuple[Hold, ...]) -> Iterator[Callable[[], Marks]]:
    """Marks that are made when first asked for, and removed at the end."""
    made: list[Marks] = []

    @cache
    def marks() -> Marks:
        with engine.connect() as connection:
            made.append(Marks(connection, held))
        return made[0]

    try:
        yield marks
    finally:
        for each in made:
            each.close()

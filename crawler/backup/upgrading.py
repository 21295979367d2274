"""Bringing a record to this release's schema, with a copy of an SQLite database from before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from crawler.backup.making import BACKUPS
from crawler.config import Config
from crawler.frontier.lock import InstanceLock
from crawler.retention.upkeep import alone
from crawler.store.copying import SQLITE, copied, kind_of
from crawler.store.database import DatabaseError, open_as_it_is, open_database
from crawler.store.migrations import Step, head, steps
from crawler.store.tallies import Told, count_all


@dataclass(frozen=True, slots=True, kw_only=True)
class Upgrade:
    """From which schema to which, and by which steps."""

    found: str
    head: str
    steps: tuple[Step, ...]
    database: str
    """`sqlite` or `postgresql`."""

    @property
    def is_needed(self) -> bool:
        """Whether there is anything to do."""
        return self.found != self.head


def planned(config: Config) -> Upgrade:
    """What an upgrade would do. Raises DatabaseError where there is no record, or a newer release's."""
    engine, found = open_as_it_is(config.database_url)
    engine.dispose()
    if found is None:
        raise DatabaseError(f"there is no record in {config.storage.data}; `forbear crawl` makes one")
    return Upgrade(found=found, head=head(), steps=steps(found), database=kind_of(config.database_url))


def upgrade(
    config: Config, now: datetime, *, with_copy: bool = True, told: Told = lambda *_: None
) -> tuple[Upgrade, Path | None]:
    """Bring the record up to date, all steps in one transaction; where the copy from before lies.

    Then the sums are completed, which a later release may keep of more than the one before: a batch a
    transaction, so that what was stopped goes on where it was.

    Raises DatabaseError, or InstanceBusyError while a crawl is running.
    """
    with InstanceLock(config.storage.data), alone(config.storage.data):
        plan = planned(config)
        with_copy = with_copy and plan.is_needed and plan.database == SQLITE
        copy = _copy(config, plan, now) if with_copy else None
        engine = open_database(config.database_url)
        count_all(engine, told)
        engine.dispose()
    return plan, copy


def _copy(config: Config, plan: Upgrade, now: datetime) -> Path:
    folder = config.storage.data / BACKUPS
    folder.mkdir(mode=0o700, exist_ok=True)
    target = folder / f"forbear-{plan.found}-{now:%Y%m%dT%H%M%S}.db"
    part = target.with_suffix(".part")
    part.unlink(missing_ok=True)
    with copied(config.database_url, part):
        part.replace(target)
    return target

"""The other terms: a policy and lists to decide a stored case by, instead of those of its day."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from blocklists import curated
from blocklists.index import Index
from blocklists.model import Hit
from blocklists.snapshot import Snapshot
from crawler.config import Config, ConfigError, load_config
from crawler.gate import Terms
from crawler.lists import ListError, list_policy
from crawler.lists.loading import load_set
from crawler.store.database import Connection
from crawler.store.queries.cases import StoredCase
from crawler.store.queries.lists import set_at, sets_used
from crawler.store.queries.logged import logged_crawl
from reservations.model import Profile, Use
from reservations.policy import Inference, Policy

_SETS = 2
"""Sets of lists in memory at a time; a large one is a hundred megabytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Switches:
    """What is decided otherwise; what is None stays as it was recorded with each decision."""

    file: Path | None = None
    """Another `forbear.toml`. A section that it has counts whole; one that it lacks stays as recorded."""
    profile: Profile | None = None
    inference: Inference | None = None
    uses: frozenset[Use] = frozenset()
    lists: str | None = None
    """A set of lists by the first digits of its id, `now`, or a snapshot file."""

    @property
    def empty(self) -> bool:
        """Whether nothing would be decided otherwise."""
        return self == Switches()


class OtherTerms:
    """Gives each stored case the policy and the list entries that the switches ask for."""

    def __init__(self, connection: Connection, config: Config, switches: Switches) -> None:
        """Raises ConfigError (ListError for lists) where a file cannot be used."""
        self._connection = connection
        self._config = config
        self._switches = switches
        self._sections: frozenset[str] = frozenset()
        self._other: Config | None = None
        if switches.file is not None:
            # the environment of today says nothing about the file that is asked about
            self._other = load_config(switches.file, {})
            self._sections = frozenset(self._other.model_fields_set & {"policy", "blocklists"})
            if not self._sections:
                raise ConfigError(
                    f"{switches.file}: neither [policy] nor [blocklists] in it; nothing to compare"
                )
        self._terms: dict[Terms, Terms] = {}
        self._lists = _Lists(self)
        if switches.lists is not None:
            self._lists.pinned = load_set(config, switches.lists)

    def of(self, case: StoredCase) -> Terms:
        """The terms to decide by: the other policy, for the name and the kinds of media of that day."""
        found = self._terms.get(case.terms)
        if found is None:
            policy = self._policy(case.terms.policy)
            agent = replace(case.terms.agent, reads_policies=bool(policy.accepted_policies))
            found = self._terms[case.terms] = Terms(agent=agent, policy=policy, types=case.terms.types)
        return found

    @property
    def looks_up(self) -> bool:
        """Whether the lists are asked again; else the entries that were recorded stand."""
        return bool(self._sections) or self._switches.lists is not None

    def hits(self, case: StoredCase) -> tuple[Hit, ...] | None:
        """The entries that count on the day of the decision; None where the set of that day is not kept."""
        index = self._lists.index_for(case)
        return None if index is None else index.lookup(case.case.url, case.case.decided_at.date())

    def _policy(self, stored: Policy) -> Policy:
        other, switches = self._other, self._switches
        policy = other.reading_policy if other is not None and "policy" in self._sections else stored
        return replace(
            policy,
            profile=switches.profile or policy.profile,
            infer_from_other_bots=switches.inference or policy.infer_from_other_bots,
            uses=switches.uses or policy.uses,
        )

    def config_of(self, crawl: int) -> Config:
        """The configuration whose lists count for a crawl: its own, under the sections of the file."""
        values: dict[str, Any] = {"storage": {"data": self._config.storage.data}}
        recorded = json.loads(logged_crawl(self._connection, crawl).config)
        for section in ("policy", "blocklists"):
            if section in self._sections and self._other is not None:
                values[section] = self._other.model_dump(by_alias=True)[section]
            elif isinstance(recorded.get(section), dict):
                values[section] = recorded[section]
        try:
            return Config.model_validate(values)
        except ValidationError as error:
            first = error.errors()[0]
            raise ListError(
                f"crawl {crawl} was configured in a way this release does not know: {first['msg']}"
            ) from error

    @cached_property
    def sets(self) -> Callable[[StoredCase], str | None]:
        """The id of the set that a decision was made by."""
        uses = sets_used(self._connection)

        def named(case: StoredCase) -> str | None:
            use = set_at(uses, case.crawl, case.case.decided_at)
            return use.set_id if use else None

        return named

    def kept(self, name: str) -> Snapshot | None:
        """A set that was kept; None where it is not there any more."""
        try:
            return load_set(self._config, name)
        except ListError:
            return None


class _Lists:
    """Indexes of sets, each under the list policy of a crawl."""

    def __init__(self, terms: OtherTerms) -> None:
        self._terms = terms
        self._configs: dict[int, Config] = {}
        self._indexes: OrderedDict[tuple[str, str], Index | None] = OrderedDict()
        self.pinned: Snapshot | None = None

    def index_for(self, case: StoredCase) -> Index | None:
        config = self._configs.get(case.crawl)
        if config is None:
            config = self._configs[case.crawl] = self._terms.config_of(case.crawl)
        name = self.pinned.set_id if self.pinned is not None else self._terms.sets(case)
        if name is None:
            return None
        key = (name, f"{config.policy.jurisdictions}{config.blocklists}")
        if key not in self._indexes:
            if len(self._indexes) >= _SETS:
                self._indexes.popitem(last=False)
            self._indexes[key] = self._built(name, config)
        self._indexes.move_to_end(key)
        return self._indexes[key]

    def _built(self, name: str, config: Config) -> Index | None:
        snapshot = self.pinned if self.pinned is not None else self._terms.kept(name)
        if snapshot is None:
            return None
        listings = tuple(each for each in snapshot.listings if each.name != curated.NAME)
        if not config.blocklists.curated:
            snapshot = Snapshot(listings=listings)
        elif len(listings) == len(snapshot.listings):
            snapshot = snapshot.with_listing(curated.curated())
        return snapshot.index(list_policy(config))

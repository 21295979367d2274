"""Look-up of a host or URL among up to a million entries, in about a microsecond.

Structure: one dict from name to the block its row is in. What entries of one decision share (body,
reference, dates) is kept once, and an entry is put together again only when it hits. Figures for this and for
the structures it was chosen over are printed by `bench/blocklist.py`.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from itertools import zip_longest
from operator import attrgetter
from typing import Any, assert_never

from blocklists.hostnames import canonical_host, parents
from blocklists.model import OVERRIDES, Entry, Hit, MatchRule, Scope, Status, ValueKind, derived_id
from blocklists.policy import ListPolicy, day_of
from blocklists.prefixes import covers, path_of, split_target

_OWN = ("entry_id", "value", "listed_as", "note")
"""Fields that differ from entry to entry; all others are stored once per combination."""
_SHARED = tuple(name for name in Entry.__slots__ if name not in _OWN)
_shared_of = attrgetter(*_SHARED)
_BLOCK = 64
"""Rows searched by hash on a hit, so that a name costs no number of its own."""


class Index:
    """An immutable index of entries. The policy decides at look-up, so `mentions` sees them all."""

    __slots__ = (
        "_block",
        "_deeper",
        "_digests",
        "_ends",
        "_hashes",
        "_more",
        "_names",
        "_own",
        "_prefixes",
        "_rows",
        "_shared",
        "_single_labels",
        "policy",
    )

    def __init__(
        self,
        entries: Iterable[Entry],
        *,
        digests: Mapping[str, str] | None = None,
        policy: ListPolicy | None = None,
    ) -> None:
        """`digests` maps a source's name to the SHA-256 of the raw list its entries came from."""
        self.policy = policy or ListPolicy()
        self._digests = dict(digests or {})
        self._names: dict[str, int] = {}  # name -> block of its first row
        self._block = 0  # one int object for all rows of a block: a million of them are 30 MiB
        self._hashes = array("q")  # row -> hash of its name, to find the row within the block
        self._deeper: set[str] = set()  # last two labels of names that have more than two
        self._more: dict[int, list[int]] = {}  # first row of a name -> its other rows
        self._prefixes: dict[str, list[int]] = {}
        self._shared: list[tuple[Any, ...]] = []
        self._rows = array("I")  # row -> position in _shared
        self._ends = array("I")  # row -> end of its bytes in _own
        self._own: bytearray | bytes = bytearray()
        self._single_labels = False
        self._fill(entries)

    def __len__(self) -> int:
        """How many entries there are."""
        return len(self._rows)

    def is_listed(self, host: str, at: date) -> bool:
        """Whether an entry in force names this host, which must be in normal form.

        The fast way to "no". It knows no paths: URL prefixes are found by `lookup`.
        """
        # Whatever names a host ends in its last two labels, so those alone settle nearly every "no".
        tail = host[host.rfind(".", 0, host.rfind(".")) + 1 :]
        if tail not in self._names and tail not in self._deeper and not self._single_labels:
            return False
        return self._names_it(host) and bool(self._in_force(self._name_hits(host), at))

    def lookup(self, host_or_url: str, at: date) -> tuple[Hit, ...]:
        """The entries in force on that day that name this host or URL, the most specific first.

        Takes any spelling. Nothing is found where there is no host in it.
        """
        host = canonical_host(host_or_url)
        if host is None or not (host in self._prefixes or self.is_listed(host, at)):
            return ()
        return self._in_force(self._mentions(host, host_or_url), at)

    def mentions(self, host_or_url: str) -> tuple[Hit, ...]:
        """All entries that name this host or URL, in force or not; `policy.objection` says why not."""
        host = canonical_host(host_or_url)
        return () if host is None else (*self._mentions(host, host_or_url), *self._work_hits(host))

    def _names_it(self, host: str) -> bool:
        names = self._names
        if host in names:
            return True
        dot = host.find(".")
        while dot != -1 and host[dot + 1 :] not in names:
            dot = host.find(".", dot + 1)
        return dot != -1

    def _mentions(self, host: str, url: str) -> tuple[Hit, ...]:
        hits = list(self._name_hits(host))
        if host in self._prefixes:
            hits += self._prefix_hits(host, path_of(url))
        hits.sort(key=lambda hit: (-len(hit.matched), hit.entry.entry_id, hit.entry.jurisdiction))
        return tuple(hits)

    def _in_force(self, hits: Iterable[Hit], at: date) -> tuple[Hit, ...]:
        """Drop what the policy objects to, and what is exempted at least as specifically."""
        found = tuple(hits)
        exempt: dict[str, int] = {}
        for hit in found:
            if is_exempt(hit.entry, at):
                exempt[hit.entry.source] = max(len(hit.matched), exempt.get(hit.entry.source, 0))
        everywhere = exempt.get(OVERRIDES, 0)
        return tuple(
            hit
            for hit in found
            if len(hit.matched) > max(everywhere, exempt.get(hit.entry.source, 0))
            and not self.policy.objection(hit.entry, at)
        )

    def _name_hits(self, host: str) -> Iterator[Hit]:
        for name in (host, *parents(host)):
            for row in self._rows_of(name):
                entry = self._entry(row, name)
                rule = _rule(entry.scope, at_the_name_itself=name is host)
                if rule is not None:
                    yield self._hit(entry, name, rule)

    def _work_hits(self, host: str) -> Iterator[Hit]:
        for row in (*self._rows_of(host), *self._prefixes.get(host, ())):
            entry = self._entry(row, host)
            if entry.scope is Scope.WORK:
                yield self._hit(entry, entry.value, MatchRule.WORK)

    def _rows_of(self, name: str) -> Iterator[int]:
        block = self._names.get(name)
        if block is not None:
            start = block * _BLOCK
            first = self._hashes.index(hash(name), start, start + _BLOCK)
            yield first
            yield from self._more.get(first, ())

    def _prefix_hits(self, host: str, path: str) -> Iterator[Hit]:
        for row in self._prefixes.get(host, ()):
            entry = self._entry(row, host)
            if entry.scope is Scope.URL_PREFIX and covers(entry.value[len(host) :], path):
                yield self._hit(entry, entry.value, MatchRule.URL_PREFIX)

    def _hit(self, entry: Entry, matched: str, rule: MatchRule) -> Hit:
        return Hit(entry=entry, matched=matched, rule=rule, snapshot=self._digests.get(entry.source, ""))

    def _fill(self, entries: Iterable[Entry]) -> None:
        positions: dict[tuple[Any, ...], int] = {}
        last: tuple[Any, ...] = ()
        position = 0
        for entry in entries:
            shared = _shared_of(entry)
            # Neighbours mostly come from one decision, and comparing is cheaper than hashing.
            if shared != last:
                position = positions.setdefault(shared, len(positions))
                if position == len(self._shared):
                    self._shared.append(shared)
                last = shared
            self._add(entry, position)
        # What grows is over-allocated by an eighth: give that back.
        self._own = bytes(self._own)
        self._rows, self._ends = self._rows[:], self._ends[:]
        self._hashes = self._hashes[:]

    def _add(self, entry: Entry, position: int) -> None:
        name, value = canonical_host(entry.value) or entry.value, ""
        prefix = entry.scope is Scope.URL_PREFIX or entry.value_kind is ValueKind.URL_PREFIX
        if prefix:
            host, path = split_target(entry.value) or (entry.value, "/")
            name, value = host, host + path
        row = len(self._rows)
        self._store(entry, value, name)
        self._rows.append(position)
        if prefix:
            self._prefixes.setdefault(name, []).append(row)
            self._hashes.append(0)
            return
        self._hashes.append(hash(name))
        if name in self._names:
            self._more.setdefault(next(self._rows_of(name)), []).append(row)
            return
        if row // _BLOCK != self._block:
            self._block = row // _BLOCK
        self._names[name] = self._block
        tail = host_tail(name)
        if tail != name:
            self._deeper.add(tail)
        self._single_labels |= "." not in name and ":" not in name

    def _store(self, entry: Entry, value: str, name: str) -> None:
        named = entry.entry_id != derived_id(entry.source, entry.scope, value or name)
        own = [entry.entry_id if named else "", value, entry.listed_as, entry.note]
        while own and not own[-1]:
            own.pop()
        if len(own) == 1 and own[0].isascii() and not own[0].startswith("["):
            self._own += own[0].encode()  # an id alone, the usual case: a million times four bytes
        elif own:
            self._own += json.dumps(own, separators=(",", ":")).encode()
        self._ends.append(len(self._own))

    def _entry(self, row: int, name: str) -> Entry:
        shared: dict[str, Any] = dict(zip(_SHARED, self._shared[self._rows[row]], strict=True))
        stored = bytes(self._own[self._ends[row - 1] if row else 0 : self._ends[row]])
        texts = json.loads(stored) if stored.startswith(b"[") else [stored.decode()]
        own: dict[str, str] = dict(zip_longest(_OWN, texts, fillvalue=""))
        own["value"] = own["value"] or name
        own["entry_id"] = own["entry_id"] or derived_id(shared["source"], shared["scope"], own["value"])
        return Entry(**{**shared, **own})


def host_tail(host: str) -> str:
    """The last two labels of a host; the host itself where it has no more."""
    return host[host.rfind(".", 0, host.rfind(".")) + 1 :]


def is_exempt(entry: Entry, at: date) -> bool:
    """Whether an entry is an exemption that holds on that day."""
    if entry.status is not Status.EXCEPTED:
        return False
    day = day_of(at)
    return (entry.valid_from or day) <= day <= (entry.valid_to or day)


def _rule(scope: Scope, *, at_the_name_itself: bool) -> MatchRule | None:
    """By which rule an entry of this scope names a host found at its own name or at a parent of it."""
    match scope:
        case Scope.EXACT_HOST:
            return MatchRule.EXACT_HOST if at_the_name_itself else None
        case Scope.DOMAIN_AND_SUBDOMAINS | Scope.SERVICE:
            return MatchRule.EXACT_HOST if at_the_name_itself else MatchRule.SUBDOMAIN
        case Scope.SUBDOMAINS:
            return None if at_the_name_itself else MatchRule.SUBDOMAIN
        case Scope.IP_LITERAL:
            return MatchRule.IP_LITERAL if at_the_name_itself else None
        case Scope.URL_PREFIX | Scope.WORK:
            return None
        case _:
            assert_never(scope)

"""What a switch of kinds or jurisdictions would do, before it is thrown: entries, hosts, documents."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from blocklists.model import Entry, RecognitionKind
from blocklists.policy import ListPolicy, justification
from blocklists.snapshot import Snapshot
from crawler.store.queries.lists import Stored


@dataclass(frozen=True, slots=True, kw_only=True)
class Impact:
    """The difference between two policies over the same lists and the same record."""

    before: int
    """Entries that count now."""
    after: int
    kinds: tuple[tuple[str, str, int, str], ...]
    """Kind, jurisdiction, entries that begin (below nought: cease) to count, and the usual justification."""
    hosts_left_out: tuple[str, ...]
    """Hosts of the record that would no longer be visited."""
    hosts_opened: tuple[str, ...]
    documents: int
    """Documents held from hosts that would no longer be visited."""


def impact(
    snapshot: Snapshot,
    before: ListPolicy,
    after: ListPolicy,
    *,
    hosts: Iterable[str],
    documents: Iterable[Stored],
    day: date,
) -> Impact:
    """Compare two policies over lists and record. Reads only."""
    counts: Counter[tuple[RecognitionKind, str]] = Counter()
    total = {True: 0, False: 0}
    for entry in snapshot.entries():
        was, would = (not policy.objection(entry, day) for policy in (before, after))
        total[False] += was
        total[True] += would
        counts[_switch(entry)] += would - was
    now, then = snapshot.index(before), snapshot.index(after)
    shut, opened = set(), set()
    for host in hosts:
        was_listed, will_be = now.is_listed(host, day), then.is_listed(host, day)
        if will_be and not was_listed:
            shut.add(host)
        elif was_listed and not will_be:
            opened.add(host)
    held = sum(bool(then.lookup(d.url, day)) and not now.lookup(d.url, day) for d in documents)
    return Impact(
        before=total[False],
        after=total[True],
        kinds=tuple(
            (kind, where, change, justification(kind))
            for (kind, where), change in sorted(counts.items())
            if change
        ),
        hosts_left_out=tuple(sorted(shut)),
        hosts_opened=tuple(sorted(opened)),
        documents=held,
    )


def _switch(entry: Entry) -> tuple[RecognitionKind, str]:
    return entry.recognition_kind, entry.jurisdiction

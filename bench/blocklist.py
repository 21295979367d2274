"""Size and speed of the block list index at a million names, beside the structures it could have been.

    python bench/blocklist.py [--names 1000000]

Every structure runs in a process of its own, so that its memory is its own. Times are the best of
five runs over 200 000 different hosts that are not listed, three labels each, already in normal form.
"""

from __future__ import annotations

import argparse
import hashlib
import multiprocessing
import time
from collections.abc import Callable, Iterator
from datetime import date
from functools import partial
from typing import Any

from blocklists.index import Index
from blocklists.model import BodyKind, Entry, RecognitionKind, Scope, ValueKind, derived_id

PROBES = 200_000
RUNS = 5
TODAY = date(2026, 11, 24)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--names", type=int, default=1_000_000)
    names = parser.parse_args().names
    print(f"{names} names; misses are {PROBES} hosts of three labels\n")
    print(f"{'structure':34} {'build s':>8} {'MiB':>6} {'us/miss':>8}  notes")
    for title, build in STRUCTURES.items():
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            print(pool.apply(_measure, (title, build, names)), flush=True)


def _measure(title: str, build: Callable[[int], tuple[Any, Callable[[str], object], str]], names: int) -> str:
    list(_hosts(1000))  # imports and caches first, so they are not counted
    before, started = _resident(), time.perf_counter()
    _kept, contains, notes = build(names)
    built, used = time.perf_counter() - started, _resident() - before
    return f"{title:34} {built:8.2f} {used:6.0f} {_time(contains, _misses(PROBES)):8.2f}  {notes}"


def _index(names: int, *, own_ids: bool) -> tuple[Any, Callable[[str], object], str]:
    index = Index(_entries(names, own_ids=own_ids))
    urls = [f"https://{host}/a/page?n=1" for host in _misses(PROBES)]
    listed = list(_hosts(20_000))
    two_labels = [host.removeprefix("www.") for host in _misses(PROBES)]
    notes = (
        f"of two labels {_time(index.is_listed, two_labels, TODAY):.2f}; "
        f"lookup of a URL, new host {_time(index.lookup, urls, TODAY):.2f}, "
        f"known host {_time(index.lookup, urls[:20_000], TODAY):.2f}; "
        f"hit {_time(index.is_listed, listed, TODAY):.2f}"
    )
    return index, partial(index.is_listed, at=TODAY), notes


def _index_derived(names: int) -> tuple[Any, Callable[[str], object], str]:
    return _index(names, own_ids=False)


def _index_own(names: int) -> tuple[Any, Callable[[str], object], str]:
    return _index(names, own_ids=True)


def _set(names: int) -> tuple[Any, Callable[[str], object], str]:
    listed = set(_hosts(names))
    return listed, listed.__contains__, "names only: no entries, no dates, no parents"


def _dict_of_entries(names: int) -> tuple[Any, Callable[[str], object], str]:
    listed = {entry.value: entry for entry in _entries(names, own_ids=False)}
    return listed, listed.__contains__, "no parents"


STRUCTURES = {
    "Index, ids made from names": _index_derived,
    "Index, ids of the list's own": _index_own,
    "set of names": _set,
    "dict from name to entry": _dict_of_entries,
}


def _hosts(count: int) -> Iterator[str]:
    for number in range(count):
        yield f"{hashlib.sha1(str(number).encode()).hexdigest()[:14]}.example"


def _misses(count: int) -> list[str]:
    return [f"www.{hashlib.sha1(f'm{number}'.encode()).hexdigest()[:12]}.example" for number in range(count)]


def _entries(count: int, *, own_ids: bool) -> Iterator[Entry]:
    scope = Scope.DOMAIN_AND_SUBDOMAINS
    for number, host in enumerate(_hosts(count)):
        yield Entry(
            entry_id=f"no-oslo-2016-{number:07}" if own_ids else derived_id("bench", scope, host),
            value=host,
            value_kind=ValueKind.DOMAIN,
            scope=scope,
            jurisdiction="NO",
            body="Oslo tingrett",
            body_kind=BodyKind.COURT,
            recognition_kind=RecognitionKind.SITE_BLOCK_INJUNCTION,
            legal_ground="copyright",
            source="bench",
            decision_ref=f"00-{number // 50:06}TVI-OTIR/00",
            decided_on=date(2016, 6, 22),
        )


def _time(call: Callable[..., object], arguments: list[str], *more: date) -> float:
    """Microseconds a call, the best of some runs; the cost of the loop is in it."""
    best = float("inf")
    for _ in range(RUNS):
        started = time.perf_counter()
        for argument in arguments:
            call(argument, *more)
        best = min(best, time.perf_counter() - started)
    return best / len(arguments) * 1e6


def _resident() -> float:
    """Resident memory of this process in MiB."""
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * 4096 / 2**20


if __name__ == "__main__":
    main()

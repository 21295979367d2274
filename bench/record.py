"""Times of the record at scale: lookups, pages of decisions and exports, on SQLite or PostgreSQL.

    python -m bench record [--rows 1000000] [--url postgresql://...] [--plans]

The record is made anew (a few sites big, most of them small), in a temporary folder unless a database is
named; one that is named and holds decisions already is taken as it is. Each question is asked often, about
sites and pages chosen at random; the times are those of one process, the database's cache being warm after
the first ones.
"""

from __future__ import annotations

import argparse
import random
import resource
import statistics
import tempfile
import time
from bisect import bisect_left
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Connection, Engine

from bench.filling import SPAN, START, Shape, domain_name, fill, page_url, site_weights
from bench.plans import plans_of
from crawler.exports import discover
from crawler.exports.tables import Selection, tables
from crawler.exports.tables.writing import Order, export_file
from crawler.store.database import DatabaseError, open_for_reading
from crawler.store.queries.decisions import DecisionFilter, decisions
from crawler.store.queries.exports import last_decision
from crawler.store.queries.files import file_requests, file_versions
from crawler.store.queries.lookup import LookupFilter, lookup
from crawler.store.queries.pages import (
    decisions_within,
    example,
    hosts,
    page_counts,
    taking,
    visitors,
)
from crawler.store.queries.why import WhyFilter, why

SEED = 7
SMALL = 1000
"""Sites beyond this many larger ones are small."""
EXPORTED = 100_000
"""Rows an export is measured with at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Something that is asked of the record."""

    name: str
    ask: Callable[[Connection, random.Random], object]
    times: int = 200


class Questions:
    """Questions about a record of one shape."""

    def __init__(self, shape: Shape) -> None:
        self._shape = shape
        weights = site_weights(shape.sites)
        self._pages = [shape.decisions * 0.9 * 0.8 * w / weights[-1] for w in _parts(weights)]
        self._weights = weights

    def all(self) -> Iterator[Question]:
        """In the order of the table."""
        big = domain_name(0)
        yield Question(name="lookup, small domain", ask=lambda c, r: _lookup(c, self._small(r)))
        yield Question(name="lookup, biggest domain", ask=lambda c, r: _lookup(c, big), times=50)
        yield Question(name="domain page, small", ask=lambda c, r: _domain_page(c, self._small(r)))
        yield Question(name="domain page, biggest", ask=lambda c, r: _domain_page(c, big), times=50)
        yield Question(
            name="lookup, folder of a small site",
            ask=lambda c, r: _lookup(c, f"https://{self._small(r)}/archive/"),
        )
        yield Question(
            name="lookup, folder of the biggest", ask=lambda c, r: _lookup(c, f"https://{big}/news/"), times=5
        )
        yield Question(name="domain and an hour, 100", ask=lambda c, r: _window(c, self._any(r), r))
        yield Question(name="biggest and an hour, 100", ask=lambda c, r: _window(c, big, r))
        yield Question(name="an hour, 100", ask=lambda c, r: _window(c, None, r))
        yield Question(name="why URL", ask=lambda c, r: why(c, WhyFilter(url=self._url(r))))
        yield Question(
            name="why URL at a time",
            ask=lambda c, r: why(c, WhyFilter(url=self._url(r), at=START + SPAN * r.random())),
        )
        yield Question(name="page deep in all, 100", ask=lambda c, r: self._deep(c, None, r))
        yield Question(name="page deep in the biggest, 100", ask=lambda c, r: self._deep(c, big, r))
        yield Question(name="page of a host, 100", ask=lambda c, r: self._host(c, f"www.{self._any(r)}"))
        yield Question(
            name="page of the biggest host, 100", ask=lambda c, r: self._host(c, f"www.{big}"), times=10
        )
        yield Question(name="by reason, 100", ask=lambda c, r: self._reason(c, r))

    def _small(self, chance: random.Random) -> str:
        return domain_name(chance.randrange(min(SMALL, self._shape.sites // 2), self._shape.sites))

    def _any(self, chance: random.Random) -> str:
        return domain_name(bisect_left(self._weights, chance.random() * self._weights[-1]))

    def _url(self, chance: random.Random) -> str:
        site = bisect_left(self._weights, chance.random() * self._weights[-1])
        return page_url(site, chance.randrange(max(1, int(self._pages[site]))))

    def _deep(self, connection: Connection, domain: str | None, chance: random.Random) -> object:
        after = int(self._shape.decisions * (0.5 + chance.random() / 2.2))
        return list(decisions(connection, DecisionFilter(domain=domain, after=after, limit=100)))

    def _host(self, connection: Connection, host: str) -> object:
        return list(decisions(connection, DecisionFilter(host=host, limit=100)))

    def _reason(self, connection: Connection, chance: random.Random) -> object:
        after = int(self._shape.decisions * chance.random())
        reason = chance.choice(("robots", "tdmrep.file", "noai"))
        return list(decisions(connection, DecisionFilter(reason=reason, after=after, limit=100)))


def _parts(cumulative: list[float]) -> Iterator[float]:
    before = 0.0
    for value in cumulative:
        yield value - before
        before = value


def _lookup(connection: Connection, subject: str) -> object:
    return lookup(connection, LookupFilter(subject=subject))


def _domain_page(connection: Connection, subject: str) -> object:
    """Everything the page of a domain asks."""
    wanted = LookupFilter(subject=subject)
    counts = page_counts(connection, wanted)
    names = hosts(connection, wanted)
    return (
        lookup(connection, wanted),
        taking(connection, wanted),
        visitors(connection, wanted),
        file_versions(connection, names),
        file_requests(connection, names),
        [example(connection, wanted, c.verdict, c.reason) for c in counts[:1]],
        list(decisions_within(connection, wanted, limit=100)),
    )


def _window(connection: Connection, domain: str | None, chance: random.Random) -> object:
    since = START + SPAN * chance.random()
    until = since + timedelta(hours=1)
    return list(decisions(connection, DecisionFilter(domain=domain, since=since, until=until, limit=100)))


def _timed(engine: Engine, question: Question) -> None:
    chance, took = random.Random(SEED), []
    for _ in range(question.times):
        with engine.connect() as connection:
            start = time.perf_counter()
            question.ask(connection, chance)
            took.append((time.perf_counter() - start) * 1000)
    took.sort()
    at = [took[min(len(took) - 1, int(len(took) * p))] for p in (0.5, 0.95, 0.99)]
    print(
        f"{question.name:<32}{at[0]:9.1f}{at[1]:9.1f}{at[2]:9.1f}{took[-1]:9.1f}"
        f"{statistics.fmean(took):9.1f}{question.times:7d}",
        flush=True,
    )


def _exports(engine: Engine, folder: Path, rows: int) -> None:
    with engine.connect() as connection:
        last = last_decision(connection)
    wanted = Selection(after=max(0, last - min(rows, EXPORTED)))
    print(f"\n{'export of decisions':<32}{'rows':>10}{'rows/s':>10}{'/s of CPU':>10}{'MB':>8}")
    for name, form in discover().items():
        order = Order(table=tables()["decisions"], form=form, selection=wanted, software="bench")
        target = folder / f"decisions{form.suffix}"
        start, began = time.perf_counter(), time.process_time()
        with engine.connect() as connection:
            made = export_file(connection, order, target)
        took, cpu = time.perf_counter() - start, time.process_time() - began
        size = sum(file.bytes for file in made.files) / 1e6
        print(
            f"{name:<32}{made.rows:>10}{made.rows / took:>10.0f}{made.rows / cpu:>10.0f}{size:>8.0f}",
            flush=True,
        )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory of this process: {peak:.0f} MiB")


def _print_plans(engine: Engine, questions: Questions) -> None:
    for question in questions.all():
        print(f"\n{question.name}")
        for plan in plans_of(engine, lambda c, q=question: q.ask(c, random.Random(SEED))):  # type: ignore[misc]
            print("  " + " ".join(plan.statement.split())[:160])
            for step in plan.steps:
                print(f"      {step.text}")


@contextmanager
def _database(options: argparse.Namespace, folder: Path) -> Iterator[tuple[str, Shape]]:
    url = options.url or f"sqlite:///{folder / 'record.db'}"
    shape = Shape(decisions=options.rows, sites=max(1000, options.rows // 100))
    try:
        engine = open_for_reading(url)
        with engine.connect() as connection:
            found = last_decision(connection)
        engine.dispose()
    except DatabaseError:
        found = 0
    if not found:
        start = time.perf_counter()
        fill(url, shape)
        took = time.perf_counter() - start
        print(f"filled with {shape.decisions:,} decisions in {took:.0f} s, {shape.decisions / took:.0f}/s")
    else:
        shape = Shape(decisions=found, sites=max(1000, found // 100))
        print(f"{found:,} decisions are there")
    yield url, shape


def main() -> None:
    """Fill, time, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--url", help="database; else SQLite in a temporary folder")
    parser.add_argument("--folder", help="where temporary files go", default=None)
    parser.add_argument("--plans", action="store_true", help="print the plans of all statements")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(dir=options.folder) as name,
        _database(options, Path(name)) as (url, shape),
    ):
        engine, questions = open_for_reading(url), Questions(shape)
        print(f"\n{'milliseconds':<32}{'p50':>9}{'p95':>9}{'p99':>9}{'max':>9}{'mean':>9}{'times':>7}")
        for question in questions.all():
            _timed(engine, question)
        _exports(engine, Path(name), shape.decisions)
        if options.plans:
            _print_plans(engine, questions)
        engine.dispose()


if __name__ == "__main__":
    main()

"""The public site under load: `forbear serve` as it runs, over a record of a million decisions.

    python -m bench serve [--rows 1000000] [--seconds 30] [--rate 200] [--workers 0] [--folder DIR]
        [--database URL]

Fills a record (or takes the one that lies in the folder already), starts the server, and asks it over real
sockets from this process: at a rate (open loop: due times are kept whatever comes back), then as fast as it
answers (closed loop), then one kind of page after another for what each costs. Sites are asked about as
often as they are large; addresses of 65,536 networks ask. Everything runs on this machine, so the asking
takes its part of the same cores.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Engine, select

from bench.asking import Question, Result, Results, closed_loop, open_loop, question
from bench.filling import Shape, fill
from crawler.config import Config, load_config
from crawler.identity.publish import announce
from crawler.store.database import DatabaseError, open_database, open_for_reading
from crawler.store.queries.status import record_status
from crawler.store.schema import decision, observation

SAMPLE = 4000
AT_ONCE = 16
BIG, MEDIUM = 10, 1000
"""Sites by their rank: the ten largest, the next thousand, the others."""
SHARES = {
    "start page": 5,
    "lookup redirect": 10,
    "domain page": 30,
    "URL page": 15,
    "domain .json": 8,
    "domain .atom": 7,
    "file": 5,
    "feed": 4,
    "API domain": 7,
    "API URL": 5,
    "unknown domain": 2,
    "404": 2,
}


class Questions:
    """What people ask, with addresses that are in the record."""

    def __init__(self, engine: Engine, seed: int = 5) -> None:
        self._rng = random.Random(seed)
        with engine.connect() as connection:
            upto = record_status(connection).decisions
            ids = [self._rng.randint(1, upto) for _ in range(SAMPLE)]
            chosen = select(decision.c.url, decision.c.domain).where(decision.c.id.in_(ids))
            rows = connection.execute(chosen).all()
            self._files = list(
                connection.scalars(
                    select(observation.c.evidence_sha256)
                    .where(observation.c.kind == "robots.txt", observation.c.outcome == "found")
                    .limit(SAMPLE)
                )
            )
        self._urls = [row.url for row in rows]
        self._domains = [row.domain for row in rows]

    def any(self) -> Question:
        """One of any kind, as often as its share says."""
        return self.of(self._rng.choices(list(SHARES), list(SHARES.values()))[0])

    def of(self, kind: str) -> Question:
        """One of a kind."""
        domain, url = self._rng.choice(self._domains), self._rng.choice(self._urls)
        match kind:
            case "start page":
                return question(kind, "/")
            case "lookup redirect":
                return question(kind, f"/lookup?q={domain}", 303)
            case "domain page":
                return question(f"{kind}, {_size(domain)}", f"/d/{domain}")
            case "URL page":
                return question(kind, f"/lookup?url={quote(url, safe='')}")
            case "domain .json":
                return question(kind, f"/d/{domain}.json")
            case "domain .atom":
                return question(kind, f"/d/{domain}.atom")
            case "file":
                return question(kind, f"/file/{self._rng.choice(self._files)}")
            case "feed":
                return question(kind, self._rng.choice(("/feeds/policy.atom", "/bot/", "/changes/")))
            case "API domain":
                return question(kind, f"/api/v1/domains/{domain}")
            case "API URL":
                return question(kind, f"/api/v1/lookup?url={quote(url, safe='')}")
            case "unknown domain":
                return question(kind, f"/d/nobody{self._rng.randrange(10**6)}.example")
            case _:
                return question(kind, f"/nothing/{self._rng.randrange(10**6)}", 404)


def _size(domain: str) -> str:
    rank = int(domain.removeprefix("site").partition(".")[0])
    return "big" if rank < BIG else "medium" if rank < MEDIUM else "small"


@contextmanager
def serving(folder: Path, config: Config, workers: int) -> Iterator[tuple[int, int]]:
    """The server as a process of its own: its port and process id."""
    port = _free_port()
    command = [sys.executable, "-m", "crawler", "serve", "--port", str(port), "--workers", str(workers)]
    file = folder / "forbear.toml"
    process = subprocess.Popen([*command, "--config", str(file), "--data", str(config.storage.data)])
    try:
        _wait(port, process)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(30)


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end and process.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port), 1) as made:
                made.sendall(b"GET /robots.txt HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                if made.recv(100).startswith(b"HTTP/1.1 200"):
                    time.sleep(2)  # until all workers are there
                    return
        except OSError:
            time.sleep(0.2)
    sys.exit("the server did not start")


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def cpu_seconds(pid: int) -> float:
    """Of a process and its children, so far."""
    ticks = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            rest = (folder / "stat").read_text("ascii", "replace").rpartition(") ")[2]
        except OSError:
            continue
        fields = rest.split()
        if int(folder.name) == pid or int(fields[1]) == pid:
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def report(title: str, results: Results, seconds: float, cpu: float) -> None:
    """Print a table, kinds of pages in rows."""
    everything = Result(times=[t for r in results.values() for t in r.times])
    everything.errors = sum(r.errors for r in results.values())
    number = len(everything.times)
    print(f"\n{title}: {number / seconds:.0f} answers/s, {everything.errors} errors, ", end="")
    print(f"server {cpu:.1f} s of CPU in {seconds:.1f} s, {1000 * cpu / max(1, number):.2f} s per 1,000\n")
    print(f"{'':<22}{'answers':>9}{'p50':>9}{'p90':>9}{'p99':>9}{'max':>9}{'errors':>8}")
    for kind, result in (*sorted(results.items()), ("all", everything)):
        shown = [f"{1000 * result.at(share):7.1f}ms" for share in (0.5, 0.9, 0.99, 1.0)]
        print(f"{kind:<22}{len(result.times):>9}{''.join(shown)}{result.errors:>8}")


def _measured(pid: int, run: Callable[[], Results]) -> tuple[Results, float, float]:
    cpu, begun = cpu_seconds(pid), time.perf_counter()
    results = run()
    return results, time.perf_counter() - begun, cpu_seconds(pid) - cpu


def _by_kind(port: int, pid: int, asked: Questions, seconds: float) -> None:
    print(f"\nOne kind at a time, {AT_ONCE // 4} at once, {seconds:.0f} s each\n")
    print(f"{'':<22}{'answers/s':>10}{'p50':>9}{'p99':>9}{'server CPU per 1,000':>23}")
    for kind in SHARES:
        work = partial(closed_loop, port, AT_ONCE // 4, seconds, partial(asked.of, kind))
        results, took, cpu = _measured(pid, lambda work=work: asyncio.run(work()))
        all_of = Result(times=[t for r in results.values() for t in r.times])
        number = max(1, len(all_of.times))
        shown = f"{1000 * all_of.at(0.5):7.1f}ms{1000 * all_of.at(0.99):7.1f}ms"
        print(f"{kind:<22}{number / took:>10.0f}{shown}{1000 * cpu / number:>21.2f} s")


def prepare(folder: Path, database: str, rows: int) -> Config:
    """A record with so many decisions, and a configuration beside it."""
    data = folder / "data"
    config = folder / "forbear.toml"
    config.parent.mkdir(parents=True, exist_ok=True)
    shown = json.dumps(database) if database else '""'
    config.write_text(
        '[operator]\nname = "Forbear bench"\ncontact = "crawler@forbear.example"\n'
        '[crawler]\nproduct_token = "ForbearBench"\ninfo_url = "https://forbear.example/bot"\n'
        f"[storage]\ndatabase = {shown}\n"
        '[publish]\nbase_url = "https://forbear.example"\ntrusted_proxies = ["127.0.0.1"]\n'
        # As limited as an instance is; only no single network reaches it here.
        "lookups_per_minute = 600\nlookups_per_day = 100000\n",
        "utf-8",
    )
    made = load_config(config).merged(storage={"data": data})
    if _decisions(made.database_url) < rows:
        begun = time.perf_counter()
        fill(made.database_url, Shape(decisions=rows))
        print(f"filled with {rows:,} decisions in {time.perf_counter() - begun:.0f} s", file=sys.stderr)
    engine = open_database(made.database_url)
    with engine.begin() as connection:
        announce(connection, made, datetime.now(UTC))
    engine.dispose()
    return made


def _decisions(database: str) -> int:
    try:
        engine = open_for_reading(database)
    except DatabaseError:
        return 0
    with engine.connect() as connection:
        return record_status(connection).decisions


def main() -> None:
    """Run the measurement."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--rate", type=float, default=200)
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--database", default="")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = args.folder or Path(made)
        config = prepare(folder, args.database, args.rows)
        engine = open_for_reading(config.database_url)
        asked = Questions(engine)
        engine.dispose()
        with serving(folder, config, args.workers) as (port, pid):
            _run(port, pid, asked, args)


def _run(port: int, pid: int, asked: Questions, args: argparse.Namespace) -> None:
    asyncio.run(open_loop(port, args.rate / 4, 2, asked.any))  # first touches: templates, pages of the file
    rate, seconds = args.rate, args.seconds
    done = _measured(pid, lambda: asyncio.run(open_loop(port, rate, seconds, asked.any)))
    report(f"Open loop at {rate:.0f}/s", *done)
    done = _measured(pid, lambda: asyncio.run(closed_loop(port, AT_ONCE, seconds / 2, asked.any)))
    report(f"Closed loop, {AT_ONCE} at once", *done)
    _by_kind(port, pid, asked, min(4.0, seconds / 4))


if __name__ == "__main__":
    main()

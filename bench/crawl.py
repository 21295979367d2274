"""Plain Scrapy, plain Scrapy with Forbear as add-on, and Forbear's own crawl, in turn, on the same sites.

    python -m bench [--runs 5]

CPU is user and system time of the whole process, less that of a crawl of one page. The server
runs on another core. The server's own counts say which pages were fetched; all must have fetched the same.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median

from bench.origin import Origin
from bench.sites import HOSTS, PAGES

TITLES = {
    "plain": "A  plain Scrapy",
    "addon": "B  + Forbear, no WARC",
    "addon-warc": "B+ + Forbear, WARC",
    "own": "C  forbear crawl",
    "reserving": "C' 1 page in 5 reserved",
}
IDLE_RUNS = 3
AIMS = {"addon": "at most 1.10", "addon-warc": "at most 1.15", "own": "at most 0.50, heading for 0.25"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one crawl cost, and what it fetched."""

    cpu: float
    wall: float
    peak: float
    requests: int = 0
    pages: int = 0
    other: int = 0
    verdicts: str = ""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", nargs="*", choices=TITLES, default=list(TITLES))
    args = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    client, server = (cores[0], cores[1]) if len(cores) > 1 else (None, None)
    with tempfile.TemporaryDirectory() as folder, Origin(reserving=False, core=server) as free:
        print(_machine(), flush=True)
        idle = {m: _idle(m, free, client, Path(folder)) for m in args.only if m != "reserving"}
        idle["reserving"] = idle.get("own", Run(cpu=0, wall=0, peak=0))
        rounds: dict[str, list[Run]] = {mode: [] for mode in args.only}
        with Origin(reserving=True, core=server) as reserving:
            for number in range(args.runs):
                for mode in args.only:
                    if mode == "reserving" and number:
                        continue  # once is enough to see that it left out what it must
                    origin = reserving if mode == "reserving" else free
                    place = Path(folder) / f"{mode}{number}"
                    rounds[mode].append(_crawl(mode, origin, client, place))
                print(f"round {number + 1} of {args.runs} done", file=sys.stderr, flush=True)
    _report(rounds, idle)


def _idle(mode: str, origin: Origin, core: int | None, folder: Path) -> Run:
    """A crawl of one page: what starting costs, after a first run that writes byte code."""
    seeds = [origin.lone_page]
    found = [_child(mode, seeds, core, folder / f"idle-{mode}{n}") for n in range(IDLE_RUNS + 1)][1:]
    return Run(
        cpu=median(r["cpu"] for r in found),
        wall=median(r["wall"] for r in found),
        peak=median(r["peak"] for r in found),
    )


def _crawl(mode: str, origin: Origin, core: int | None, folder: Path) -> Run:
    origin.take_counts()
    cost = _child("own" if mode == "reserving" else mode, origin.seeds, core, folder)
    return Run(
        cpu=cost["cpu"],
        wall=cost["wall"],
        peak=cost["peak"],
        verdicts=_verdicts(folder / "data" / "forbear.db"),
        **origin.take_counts(),
    )


def _child(mode: str, seeds: Sequence[str], core: int | None, folder: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.child", mode, str(folder)]
    command += [] if core is None else ["--core", str(core)]
    done = subprocess.run(command, input="\n".join(seeds), capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{mode} failed:\n{done.stderr[-4000:]}")
    return json.loads(done.stdout)


def _verdicts(database: Path) -> str:
    if not database.exists():
        return ""
    with sqlite3.connect(database) as connection:
        rows = connection.execute("SELECT verdict, count(*) FROM decision GROUP BY verdict ORDER BY 2 DESC")
        return ", ".join(f"{count} {verdict}" for verdict, count in rows)


def _machine() -> str:
    model = next(
        (line.partition(": ")[2].strip() for line in _cpuinfo() if line.startswith("model name")),
        platform.machine(),
    )
    packages = ", ".join(f"{name} {version(name)}" for name in ("scrapy", "aiohttp", "selectolax"))
    return f"{os.cpu_count()} x {model}, Python {platform.python_version()}, {packages}\n"


def _cpuinfo() -> Iterator[str]:
    path = Path("/proc/cpuinfo")
    yield from path.read_text("ascii", "replace").splitlines() if path.exists() else ()


def _report(rounds: dict[str, list[Run]], idle: dict[str, Run]) -> None:
    net = {
        mode: [(run.cpu - idle[mode].cpu) / max(run.pages, 1) * 1000 for run in runs]
        for mode, runs in rounds.items()
    }
    count = len(next(iter(rounds.values())))
    print(f"{HOSTS} hosts of {PAGES} pages; {count} runs of each, in turn (C' once); medians\n")
    print(f"{'':30}{'pages/s':>9}{'CPU s/1000 pages':>18}{'start s':>9}{'peak MiB':>10}  fetched; decided")
    for mode, runs in rounds.items():
        rate = median(run.pages / max(run.wall - idle[mode].wall, 0.01) for run in runs)
        fetched = _span([run.pages for run in runs])
        twice = _span([run.requests - run.pages for run in runs])
        print(
            f"{TITLES[mode]:30}{rate:9.0f}{median(net[mode]):18.2f}{idle[mode].cpu:9.2f}"
            f"{median(run.peak for run in runs):10.0f}  {fetched} pages, {twice} twice, "
            f"{_span([run.other for run in runs])} files; {runs[-1].verdicts}"
        )
    print()
    for mode, aim in AIMS.items():
        if mode in net and "plain" in net:
            ratios = [ours / theirs for ours, theirs in zip(net[mode], net["plain"], strict=True)]
            name = TITLES[mode].split()[0]
            print(
                f"{name + '/A':5} CPU per page: median {median(ratios):.2f}, "
                f"{min(ratios):.2f} to {max(ratios):.2f}   ({aim})"
            )


def _span(numbers: Sequence[int]) -> str:
    low, high = min(numbers), max(numbers)
    return str(low) if low == high else f"{low}-{high}"


if __name__ == "__main__":
    main()

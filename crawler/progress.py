"""What a crawl shows: a live bar on stderr, then a table on stdout."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from types import TracebackType

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from crawler.session import Session
from crawler.tally import Tally
from crawler.visible import visible
from crawler.words import in_words

_REFRESH = 4


class Bar:
    """Kept, left out, deferred and pages a second, while the crawl runs. Silent where no TTY is."""

    def __init__(self, tally: Tally, console: Console) -> None:
        self._tally = tally
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
            refresh_per_second=_REFRESH,
            transient=True,
        )
        self._task = self._progress.add_task("starting", total=None)

    def __enter__(self) -> Bar:
        self._tally.on_count = self._count
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def _count(self) -> None:
        groups = by_verdict(self._tally.counts)
        text = f"{groups['keep']} kept, {groups['exclude']} left out, {groups['defer']} deferred"
        self._progress.update(self._task, description=text)


def by_verdict(counts: Counter[str]) -> Counter[str]:
    """Settled decisions by verdict."""
    groups: Counter[str] = Counter()
    for key, number in counts.items():
        groups[key.partition(" ")[0]] += number
    return groups


def print_summary(session: Session, status: str) -> None:
    """The table of this crawl, where the data lies, and what to do next."""
    out = stdout()
    groups = by_verdict(session.tally.counts)
    table = Table(box=None, pad_edge=False, show_header=True, header_style="bold")
    table.add_column("", min_width=9)
    table.add_column("URLs", justify="right")
    table.add_column("reason")
    table.add_column("in words", no_wrap=out.is_terminal is False)
    for verdict, title in (("keep", "kept"), ("exclude", "left out"), ("defer", "deferred")):
        add_section(table, session.tally.counts, verdict, title)
    out.print(table)
    out.print()
    out.print(_totals(session, groups, status), markup=False)
    out.print(_next_steps(session), markup=False)


def stdout() -> Console:
    """Standard output for tables."""
    console = Console(highlight=False)
    # where nobody's terminal sets a width, a table must not be broken at 80 columns
    return console if console.is_terminal else Console(highlight=False, width=160)


def add_section(table: Table, counts: Counter[str], verdict: str, title: str) -> None:
    """Rows for the reasons of one verdict, the most frequent first; the title stands once."""
    rows = [(key.partition(" ")[2], n) for key, n in counts.items() if n and key.startswith(verdict + " ")]
    for reason, number in sorted(rows, key=lambda row: (-row[1], row[0])):
        words = in_words(reason)
        table.add_row(title, str(number), visible(reason), visible(words))
        title = ""


def _totals(session: Session, groups: Counter[str], status: str) -> str:
    if session.tally.nothing_left:
        return "Nothing was left to do: all URLs of this data folder are settled. Another --data begins anew."
    ending = {"finished": "Done", "interrupted": "Interrupted; the same command goes on from here"}
    parts = [
        f"{ending.get(status, visible(status))}: {groups['keep']} pages kept, {groups['exclude']} left out, "
        f"{groups['defer']} deferred."
    ]
    if session.tally.saved_bytes:
        parts.append(
            f"{session.tally.saved_bytes / 1e6:.1f} MB were not downloaded, "
            "because the answer's head decided."
        )
    return " ".join(parts)


def command_name() -> str:
    """How this command was called, so that the lines shown can be typed as they stand."""
    called = Path(sys.argv[0])
    return str(called) if called.name == "forbear" and not called.is_absolute() else "forbear"


def _next_steps(session: Session) -> str:
    data = session.config.storage.data
    option = "" if str(data) == "data" else f" --data {data}"
    example, forbear = session.tally.example, command_name()
    lines = [
        f"Kept documents: {data / 'warc'}   evidence: {data / 'evidence'}   record: {data / 'forbear.db'}",
        "Next:",
        f"  {forbear} why {visible(example)}{option}" if example else "",
        f"  {forbear} decisions export --format csv -o decisions.csv{option}",
        f"  {forbear} dataset export -o dataset{option}",
    ]
    return "\n".join(line for line in lines if line)


async def print_plan(session: Session, seeds: tuple[str, ...], console: Console) -> None:
    """Evidence only: how many seeds are open, and what closes the others."""
    counts: Counter[str] = Counter()
    with Bar(session.tally, console):
        for url in seeds:
            exchange = await session.admit(url)
            if exchange.decision is not None:
                counts[f"{exchange.decision.verdict} {exchange.decision.reason}"] += 1
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("", "seeds", "reason", "in words"):
        table.add_column(name, justify="right" if name == "seeds" else "left")
    for verdict, title in (("keep", "open"), ("exclude", "closed"), ("defer", "unknown yet")):
        add_section(table, counts, verdict, title)
    stdout().print(table)

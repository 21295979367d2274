"""What a second look shows at its end: a table on stdout, then what to do next."""

from __future__ import annotations

from collections.abc import Iterator

from rich.table import Table

from crawler.progress import add_section, command_name, stdout
from crawler.recheck.run import Ending, Recheck
from crawler.visible import visible
from reservations.model import Verdict

TITLES = (
    (Verdict.KEEP, "kept on"),
    (Verdict.EXCLUDE, "left out"),
    (Verdict.DEFER, "unknown"),
)
MAX_HOSTS = 5


def print_ending(ending: Ending, job: Recheck) -> None:
    """The table, and sentences."""
    out = stdout()
    if ending.outcomes.looked_at:
        table = Table(box=None, pad_edge=False, show_header=True, header_style="bold")
        table.add_column("", min_width=9)
        table.add_column("pages", justify="right")
        table.add_column("reason")
        table.add_column("in words", no_wrap=out.is_terminal is False)
        for verdict, title in TITLES:
            add_section(table, ending.outcomes.tally.counts, verdict, title)
        out.print(table)
        out.print()
    for line in (*_sentences(ending, job), *_next_steps(ending, job)):
        out.print(visible(line), markup=False, soft_wrap=True)


def _sentences(ending: Ending, job: Recheck) -> Iterator[str]:
    found = ending.outcomes
    if not (found.looked_at or found.put_off or ending.stopped):
        yield "Nothing is due; `--older-than DAYS` and named domains look sooner than `[recheck] interval`."
        return
    state = f"Stopped ({ending.stopped})" if ending.stopped else "Done"
    what = "judged by the files of their sites" if job.files_only else "looked at again"
    news = [f"{_pages(found.looked_at)} {what}, {found.closed.total()} of them newly left out"]
    if found.opened:
        news.append(f"{found.opened} kept again")
    if found.unknown:
        news.append(f"{found.unknown} unknown for now: in no export until known again")
    yield f"{state}: {'; '.join(news)}."
    if found.confirmed:
        yield f"{_pages(found.confirmed)} had not changed (304), so only their headers were sent."
    if found.put_off:
        hosts = ", ".join(host for host, _ in found.put_off.most_common(MAX_HOSTS))
        yield f"{_pages(found.put_off.total())} put off, since the host wants to be asked later: {hosts}."
    if ending.left:
        yield f"{_pages(ending.left)} more are due; run it again to go on with them."


def _pages(number: int) -> str:
    return f"{number:,} page{'' if number == 1 else 's'}"


def _next_steps(ending: Ending, job: Recheck) -> Iterator[str]:
    if not ending.outcomes.closed:
        return
    data, forbear = job.config.storage.data, command_name()
    option = "" if str(data) == "data" else f" --data {data}"
    yield "Next:"
    yield f"  {forbear} why {ending.outcomes.examples[0]}{option}"
    yield f'  {forbear} dataset withdraw --reserved-since --reason "reserved since" -o removal{option}'

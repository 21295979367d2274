"""`forbear recheck`: look again at what was kept."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from collections.abc import Iterator
from typing import Annotated

import typer

from blocklists.hostnames import canonical_host
from crawler.cli.shared import (
    ConfigOption,
    DataOption,
    ExitCode,
    FailedError,
    JsonOption,
    configuration,
    err,
    reading,
)
from crawler.config import Config, ConfigError
from crawler.frontier.lock import InstanceBusyError
from crawler.lists import ListError
from crawler.logs import quiet_logging
from crawler.present import decision, dumps
from crawler.progress import Bar
from crawler.recheck.run import Ending, Recheck, Run
from crawler.recheck.shown import print_ending
from crawler.store.database import DatabaseError, open_for_reading
from crawler.store.queries.decisions import DecisionFilter, decisions
from crawler.store.writer import WriterError

DAY = 86_400.0


def register(app: typer.Typer) -> None:
    """Add the subcommand."""
    app.command(name="recheck")(recheck)


def recheck(
    domains: Annotated[
        list[str] | None, typer.Argument(help="Only these hosts, with all below them.", show_default=False)
    ] = None,
    older_than: Annotated[
        float | None,
        typer.Option(
            min=0,
            metavar="DAYS",
            help="Pages last looked at so long ago. Default: `[recheck] interval`; 0 for named hosts.",
            show_default=False,
        ),
    ] = None,
    max_pages: Annotated[
        int | None, typer.Option(min=1, help="Look at so many pages at most.", show_default=False)
    ] = None,
    evidence_only: Annotated[
        bool, typer.Option("--evidence-only", help="Ask for robots.txt and the like, and for no page.")
    ] = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Look again at kept pages, the oldest look first, and record for each what holds now.

    Nothing is kept anew. A page that is reserved, listed or unknown now is in no later `dataset export`.
    Stopped and run again it goes on. Exit 0 if nothing is left out newly, 1 if something is, 3 if it was
    stopped, or a host wants to be asked much later.

    \b
    Examples:
      forbear recheck
      forbear recheck example.org
      forbear recheck --older-than 7 --max-pages 1000
      forbear recheck --evidence-only --older-than 1
    """
    settings = configuration(config, data)
    job = Recheck(
        config=settings,
        hosts=tuple(map(_host, domains or ())),
        older_than=None if older_than is None else older_than * DAY,
        max_pages=max_pages or 0,
        files_only=evidence_only,
    )
    ending = _run(job)
    if as_json:
        _print_decisions(settings, ending)
    else:
        print_ending(ending, job)
    raise typer.Exit(_exit_code(ending))


def _host(text: str) -> str:
    host = canonical_host(text)
    if not host:
        raise FailedError(f"{text}: no host in it; write example.org")
    return host


def _run(job: Recheck) -> Ending:
    quiet_logging(err)
    try:
        if not job.config.network.allow_private:
            job.config.require_identity()
        open_for_reading(job.config.database_url).dispose()  # no record is made where there is none
        return asyncio.run(_going(job))
    except (ConfigError, DatabaseError, InstanceBusyError, ListError) as error:
        raise FailedError(str(error)) from error
    except WriterError as error:
        raise FailedError(str(error), ExitCode.INCOMPLETE) from error


async def _going(job: Recheck) -> Ending:
    run = Run(job)
    task = asyncio.ensure_future(run.go())
    with _interruptible(run, task), Bar(run.outcomes.tally, err):
        try:
            return await task
        except asyncio.CancelledError:
            raise FailedError(
                "stopped at once; what was decided is recorded, run again to go on", ExitCode.INCOMPLETE
            ) from None


@contextlib.contextmanager
def _interruptible(run: Run, task: asyncio.Future[Ending]) -> Iterator[None]:
    """Once: looks in flight are finished. Twice: it ends now."""

    def pressed() -> None:
        if run.stopped:
            task.cancel()
        run.stop("interrupted")
        logging.getLogger("forbear").warning("stopping: looks in flight finish; Ctrl-C again stops at once")

    loop, signals = asyncio.get_running_loop(), (signal.SIGINT, signal.SIGTERM)
    for number in signals:
        loop.add_signal_handler(number, pressed)
    try:
        yield
    finally:
        for number in signals:
            loop.remove_signal_handler(number)


def _print_decisions(config: Config, ending: Ending) -> None:
    """Every decision of this run, in the bytes of `forbear decisions export --format jsonl`."""
    with reading(config) as connection:
        for row in decisions(connection, DecisionFilter(crawl_id=ending.crawl)):
            typer.echo(dumps(decision(row)))


def _exit_code(ending: Ending) -> ExitCode:
    if ending.stopped or ending.outcomes.put_off:
        return ExitCode.INCOMPLETE
    return ExitCode.NEGATIVE if ending.outcomes.closed else ExitCode.OK

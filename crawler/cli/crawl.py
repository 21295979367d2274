"""`forbear crawl`: the main job."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from crawler.cli.shared import ConfigOption, DataOption, ExitCode, FailedError, configuration, err
from crawler.components.run import Job, run_job
from crawler.config import Config, ConfigError
from crawler.frontier.lock import InstanceBusyError
from crawler.seeds import SeedError, check_seed, read_seed_file
from crawler.store.database import DatabaseError


def register(app: typer.Typer) -> None:
    """Add the subcommand."""
    app.command(name="crawl")(crawl)


def crawl(
    urls: Annotated[list[str] | None, typer.Argument(help="Seeds.", show_default=False)] = None,
    seeds: Annotated[
        Path | None, typer.Option("--seeds", help="File with a URL a line; `-` for stdin.")
    ] = None,
    spider: Annotated[
        str, typer.Option(help="broad (follow links), urls (only the seeds), sitemap.")
    ] = "broad",
    max_pages: Annotated[int | None, typer.Option(help="Stop after so many kept pages.", min=1)] = None,
    plan: Annotated[
        bool, typer.Option("--plan", help="Fetch evidence only; say how many seeds are closed, by what.")
    ] = False,
    demo: Annotated[bool, typer.Option("--demo", help="Crawl the bundled demo web on this machine.")] = False,
    setting: Annotated[
        list[str] | None, typer.Option("--set", "-s", help="Scrapy setting NAME=VALUE, repeatable.")
    ] = None,
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Crawl from seeds; take only what nobody reserved; record why for every URL.

    Run again on the same data it goes on where it stopped. Ctrl-C once stops cleanly.

    \b
    Examples:
      forbear crawl https://example.org/
      forbear crawl --seeds urls.txt --max-pages 500
      forbear crawl --seeds urls.txt --plan
      forbear crawl --demo
    """
    wanted = Job(config=Config(), seeds=(), spider=spider, plan=plan, settings=_settings(setting))
    if demo:
        if urls or seeds or config:
            raise FailedError("--demo brings its own seeds and configuration; leave them out")
        raise typer.Exit(_demo(wanted, data, max_pages))
    job = replace(
        wanted, config=_bounded(configuration(config, data), max_pages), seeds=_seeds(urls or [], seeds)
    )
    raise typer.Exit(start(job))


def _bounded(config: Config, max_pages: int | None) -> Config:
    return config if max_pages is None else config.merged(crawl={"max_pages": max_pages})


def start(job: Job) -> ExitCode:
    """Run a job; errors that a user can mend become FailedError."""
    try:
        if not job.config.network.allow_private:
            job.config.require_identity()
        return ExitCode(asyncio.run(run_job(job, err)))
    except (ConfigError, DatabaseError, InstanceBusyError) as error:
        raise FailedError(str(error)) from error


def _demo(wanted: Job, data: Path | None, max_pages: int | None) -> ExitCode:
    from crawler.demo import demo_instance  # the demo web is nothing a real crawl should load

    try:
        with demo_instance(data or Path("demo-data")) as (config, web):
            return start(
                replace(
                    wanted,
                    config=_bounded(config, max_pages),
                    seeds=web.seeds(),
                    command="forbear crawl --demo",
                )
            )
    except ConfigError as error:
        raise FailedError(str(error)) from error


def _seeds(urls: list[str], file: Path | None) -> tuple[str, ...]:
    try:
        from_file = read_seed_file(file) if file else ()
        return tuple(dict.fromkeys((*map(check_seed, urls), *from_file)))
    except SeedError as error:
        raise FailedError(str(error)) from error


def _settings(pairs: list[str] | None) -> dict[str, str]:
    found = {}
    for pair in pairs or ():
        name, separator, value = pair.partition("=")
        if not separator or not name.isidentifier():
            raise FailedError(f"-s {pair}: write NAME=VALUE")
        found[name] = value
    return found

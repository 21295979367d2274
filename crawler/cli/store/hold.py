"""`forbear store hold`: keep what is about a site, an address or a crawl, whatever the rules say."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from blocklists.hostnames import canonical_host
from crawler.cli.shared import ConfigOption, DataOption, ExitCode, FailedError, configuration
from crawler.cli.store.common import ActorOption, ReasonOption, plain, required, say
from crawler.exports.tables.writing import actor
from crawler.retention.holding import NoSuchCrawlError, hold
from crawler.retention.holds import HoldKind

NAME = "hold"


def _command(
    reason: ReasonOption,
    subject: Annotated[
        str | None, typer.Argument(help="Domain or host, or a URL.", show_default=False)
    ] = None,
    crawl: Annotated[
        int | None, typer.Option(help="Number of a crawl: all it saw.", show_default=False)
    ] = None,
    by: ActorOption = None,
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Hold what is about a domain, a URL or a crawl: `prune` spares it and `redact` refuses.

    A domain covers all below it. The hold lasts until it is released; both stand in the audit trail.

    \b
    Examples:
      forbear store hold example.org --reason "Case 7 O 118/25"
      forbear store hold --crawl 3 --reason "Audit 2026"
    """
    kind, what = _subject(subject, crawl)
    settings = configuration(config, data)
    with plain():
        try:
            made = hold(settings, kind, what, required(reason), by or actor(), datetime.now(UTC))
        except NoSuchCrawlError as error:
            raise FailedError(str(error), ExitCode.NEGATIVE) from error
    say(f"hold {made} on {kind} {what}")


def _subject(subject: str | None, crawl: int | None) -> tuple[HoldKind, str]:
    if (subject is None) == (crawl is None):
        raise FailedError("say what: a domain or a URL, or --crawl with a number")
    if crawl is not None:
        return HoldKind.CRAWL, str(crawl)
    assert subject is not None
    host = canonical_host(subject)
    if not host:
        raise FailedError(f"{subject}: no host in it; write example.org or https://example.org/page")
    if "://" in subject:
        return HoldKind.URL, subject.partition("#")[0]
    if "/" in subject:
        raise FailedError(f"{subject}: a page needs its scheme: https://{subject}")
    return HoldKind.DOMAIN, host


COMMAND = _command

"""`python -m crawler.demoweb`: put the demo web up and leave it up, for a look with a browser."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from crawler.demoweb.server import DemoWeb, DemoWebError


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until interrupted."""
    options = _parser().parse_args(arguments)
    try:
        with DemoWeb(options.port, options.log) as web:
            Console().print(table(web))
            print(f"Start at {web.url('start')} (Ctrl-C ends it).", file=sys.stderr)
            signal.sigwait({signal.SIGINT, signal.SIGTERM})
    except DemoWebError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def table(web: DemoWeb) -> Table:
    """The sites and what they show."""
    rows = Table(title="The demo web")
    # Folded, not cut: a URL that ends in dots cannot be opened.
    rows.add_column("URL", overflow="fold")
    rows.add_column("Site")
    rows.add_column("Shows")
    for site in web.sites:
        rows.add_row(web.url(site.name), site.title, site.shows)
    return rows


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m crawler.demoweb", description=__doc__)
    parser.add_argument("--port", type=int, default=8800, help="one port for all sites (default 8800)")
    parser.add_argument("--log", type=Path, metavar="FILE", help="append the access log, JSON Lines")
    return parser


if __name__ == "__main__":
    # Blocked before any thread starts, so that sigwait alone gets them.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    sys.exit(main())

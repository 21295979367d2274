"""`python -m bench [NAME] [OPTION...]`: crawl (the default), decision, blocklist, frontier, warc or serve."""

from __future__ import annotations

import importlib
import sys

NAMES = ("crawl", "decision", "readers", "blocklist", "frontier", "warc", "serve", "record")


def main() -> None:
    """Hand the rest of the command line to one measurement."""
    named = sys.argv[1:2]
    if named and not named[0].startswith("-"):
        name = sys.argv.pop(1)
        if name not in NAMES:
            sys.exit(f"no measurement {name!r}; there are {', '.join(NAMES)}")
    else:
        name = NAMES[0]
    sys.argv[0] = f"bench {name}"
    importlib.import_module(f"bench.{name}").main()


if __name__ == "__main__":
    main()

"""Logging of our own commands: to stderr, above the progress bar, with hostile text made visible."""

from __future__ import annotations

import logging

from rich.console import Console
from rich.logging import RichHandler

from crawler.visible import visible


class VisibleControls(logging.Filter):
    """Replaces control characters of a message: URLs and titles in it come from the sites we visit."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record in place; drop what the handler says at every start, and what is said later."""
        message = record.getMessage()
        if "is experimental and is not recommended" in message:
            return False
        if record.exc_info and getattr(record.exc_info[1], "is_said_at_the_end", False):
            return False
        record.msg, record.args = visible(message, keep_newlines=True), None
        return True


def quiet_logging(console: Console, level: int = logging.WARNING) -> None:
    """Send warnings and worse to the console."""
    handler = RichHandler(console=console, markup=False, show_path=False, show_time=False)
    handler.addFilter(VisibleControls())
    logging.basicConfig(level=level, format="%(message)s", handlers=[handler], force=True)
    # what a handler warns of (too large, broken off) is a decision in the record, in better words
    logging.getLogger("scrapy.core.downloader.handlers").setLevel(logging.ERROR)
    # charset_normalizer traces every guess, and Scrapy's root logger lets it through
    logging.getLogger("charset_normalizer").setLevel(logging.WARNING)

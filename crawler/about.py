"""Who wrote a file: the words of a WARC file's first record and of a manifest."""

from __future__ import annotations

from crawler.config import Config
from crawler.store.warc import About
from crawler.version import VERSION


def about(config: Config) -> About:
    """What the files of an instance say about their writer."""
    return About(
        software=f"Forbear/{VERSION}",
        operator=config.operator.name,
        contact=config.operator.contact,
        user_agent=config.user_agent,
        info_url=config.crawler.info_url,
    )

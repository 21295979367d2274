"""What a running site does beside answering: once a day what was promised, every 20 seconds forgetting."""

from __future__ import annotations

import asyncio
import logging
import time

from crawler.store.database import DatabaseError
from crawler.web.desk import keep_promises
from crawler.web.site import Site

FORGET_EVERY = 20.0
DAY = 86_400.0
log = logging.getLogger(__name__)


async def chores(site: Site) -> None:
    """Run until cancelled. Of all workers of an instance one keeps the promises of a day."""
    due = 0.0
    while True:
        await asyncio.to_thread(_forget, site)
        if time.monotonic() >= due:
            due = time.monotonic() + DAY
            await asyncio.to_thread(_promises, site)
        await asyncio.sleep(FORGET_EVERY)


def _forget(site: Site) -> None:
    try:
        site.limiter.forget()
    except DatabaseError as error:
        log.error("%s", error)


def _promises(site: Site) -> None:
    try:
        if not site.limiter.wait_for("chores", "promises"):
            keep_promises(site)
    except Exception:  # what fails today is tried again tomorrow; the site goes on answering
        log.exception("complaints whose time is over could not be closed")

"""What a running site does beside answering: what was promised, mails that wait, and forgetting."""

from __future__ import annotations

import asyncio
import logging
import time

from crawler.mail.sending import send_waiting
from crawler.store.database import DatabaseError
from crawler.web.desk import keep_promises
from crawler.web.site import Site

FORGET_EVERY = 20.0
POST_EVERY = 900.0
"""Seconds between two visits to the mail server for what could not be sent before."""
DAY = 86_400.0
log = logging.getLogger(__name__)


async def chores(site: Site) -> None:
    """Run until cancelled. Of all workers of an instance one keeps the promises of a day."""
    due = post = 0.0
    while True:
        await asyncio.to_thread(_forget, site)
        if site.config.mail.host and time.monotonic() >= post:
            post = time.monotonic() + POST_EVERY
            await asyncio.to_thread(_post, site)
        if time.monotonic() >= due:
            due = time.monotonic() + DAY
            await asyncio.to_thread(_promises, site)
        await asyncio.sleep(FORGET_EVERY)


def _forget(site: Site) -> None:
    try:
        site.limiter.forget()
    except DatabaseError as error:
        log.error("%s", error)


def _post(site: Site) -> None:
    try:
        report = send_waiting(site.config, site.now)
        if report.problem:
            log.warning("%s mails to complainants wait: %s", report.left, report.problem)
    except (DatabaseError, OSError) as error:
        log.error("mails to complainants wait: %s", error)


def _promises(site: Site) -> None:
    try:
        if not site.limiter.wait_for("chores", "promises"):
            keep_promises(site)
    except Exception:  # what fails today is tried again tomorrow; the site goes on answering
        log.exception("complaints whose time is over could not be closed")

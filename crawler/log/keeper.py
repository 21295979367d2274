"""The log beside a running crawl: places are given out as decisions fall, the checkpoint comes at its end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime

from crawler.config import Config
from crawler.log.folder import LogError
from crawler.log.sequencer import BATCH, log_folder, origin_of_log, publish, sequence
from crawler.store.database import Connection
from crawler.store.log import Engine
from crawler.store.writer import Writer, WriterError

log = logging.getLogger(__name__)

EVERY = 20.0
"""Seconds between two looks: well below the 60 after which `forbear log status` gives alarm."""


async def keep_log(writer: Writer, now: Callable[[], float], every: float = EVERY) -> None:
    """Give places to decisions until cancelled, on the writer's own connection."""

    def batch(connection: Connection) -> int:
        try:
            return sequence(connection, datetime.fromtimestamp(now(), UTC))
        except LogError as error:  # raised before anything is written: the crawl goes on
            log.warning("the log stands still: %s", error)
            return 0

    try:
        while True:
            await asyncio.sleep(every)
            while await writer.call(batch, apart=True) >= BATCH:
                pass
    except WriterError:
        return  # the crawl ends for the same reason, and says so


async def close_log(engine: Engine, config: Config, now: Callable[[], float]) -> None:
    """Bring the log up to date once a crawl's rows are durable. A broken log never loses a crawl."""
    when = datetime.fromtimestamp(now(), UTC)
    try:
        await asyncio.to_thread(publish, engine, log_folder(config), origin_of_log(config), when)
    except Exception as error:
        log.warning("no checkpoint was written: %s; `forbear log checkpoint` tries again", error)

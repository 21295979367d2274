"""Running the site: one process or several on one socket, bounded against callers who mean harm."""

from __future__ import annotations

import os
import resource
import socket
from functools import partial

import uvicorn
from uvicorn.supervisors import Multiprocess

from crawler.config import Config
from crawler.web.app import create_app
from crawler.web.connection import MAX_CONNECTIONS, MAX_HEAD, BoundedConnection
from crawler.web.site import Site

BACKLOG = 512
KEEP_ALIVE = 15
"""Seconds a connection may stay without a question."""
GRACE = 10
"""Seconds in which answers that are being made are still sent when the site stops."""
MAX_WORKERS = 32
_FILES = MAX_CONNECTIONS + 512


def default_workers() -> int:
    """One for each core that may be used, at most eight: each holds about 100 MB."""
    return min(8, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


def listening(host: str, port: int) -> socket.socket:
    """A socket that all workers take connections from. Raises OSError where the address is taken."""
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    made = socket.socket(family, kind, protocol)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(address)
    except OSError:
        made.close()
        raise
    made.set_inheritable(True)
    return made


def run(config: Config, listener: socket.socket, workers: int, *, live: bool = False) -> None:
    """Answer until a signal comes. Raises DatabaseError where the record cannot be opened."""
    # Opened once here: a fault is told before a worker starts, and tables, key and limits are there.
    site = Site(config, live=live)
    assert site.secret
    site.close()
    _allow_files()
    server = uvicorn.Config(
        partial(create_app, config, live=live),
        factory=True,
        http=BoundedConnection,
        ws="none",
        # Without an access log: who looks up what is not written anywhere.
        access_log=False,
        log_level="error",
        server_header=False,
        proxy_headers=False,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=GRACE,
        h11_max_incomplete_event_size=MAX_HEAD,
        workers=workers,
    )
    if workers > 1:
        Multiprocess(server, [listener]).run()
    else:
        uvicorn.Server(server).run([listener])


def _allow_files() -> None:
    """As many open files as connections may need."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < _FILES:
        most = _FILES if hard == resource.RLIM_INFINITY else min(_FILES, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))

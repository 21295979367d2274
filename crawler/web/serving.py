"""Running the site: one process or several on one socket, bounded against callers who mean harm."""

from __future__ import annotations

import os
import resource
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

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


def listening(host: str, port: int, *, shared: bool = False) -> socket.socket:
    """A socket bound to an address; `shared`: beside others of ours. Raises OSError where it is taken."""
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    made = socket.socket(family, kind, protocol)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        made.bind(address)
    except OSError:
        made.close()
        raise
    return made


class _Own:
    """Stands for a socket: each worker that is given it makes one of its own."""

    def __init__(self, host: str, port: int) -> None:
        self._address = (host, port)

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(listening, shared=True), self._address


@contextmanager
def _for_workers(listener: socket.socket) -> Iterator[list[Any]]:
    """What workers listen on in place of a socket.

    Linux deals connections out to sockets of one address (SO_REUSEPORT, socket(7)). From a single one
    the first worker to wake takes all that wait, and with keep-alive it alone goes on answering them.
    """
    if not sys.platform.startswith("linux"):
        yield [listener]
        return
    host, port = listener.getsockname()[:2]
    listener.close()
    with listening(host, port, shared=True):  # never listens: it keeps the address while workers come and go
        yield [_Own(host, port)]


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
        with _for_workers(listener) as sockets:
            Multiprocess(server, sockets).run()
    else:
        uvicorn.Server(server).run([listener])


def _allow_files() -> None:
    """As many open files as connections may need."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < _FILES:
        most = _FILES if hard == resource.RLIM_INFINITY else min(_FILES, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))

"""One connection to the site: so much of a request, in so much time, of so many callers, and no more.

The server underneath waits for ever for a caller that sends nothing, or reads nothing. Behind a proxy such
callers end there; this holds where there is none, and against a proxy that passes them on.
"""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from crawler.network.addresses import is_loopback
from crawler.web.limits import network_of
from crawler.web.site import Site

MAX_HEAD = 16_384
"""Bytes of a request line with all header lines; beyond, 400 and the end."""
STEP = 4096
"""Bytes of a head that are parsed at a time."""
MAX_CONNECTIONS = 1000
"""Of one worker; beyond, the one that has been idle longest is closed."""
MAX_OF_NETWORK = 100
"""Of them from one network (/24, /56): beyond, its own idle ones make room, and else it gets no more. A
trusted proxy, and this machine, speak for many and are not counted."""


class BoundedConnection(H11Protocol):
    """A connection that ends when its caller is too slow, and gives way when there are too many."""

    most = MAX_CONNECTIONS
    most_of_network = MAX_OF_NETWORK
    counts_this_machine = False
    receiving = 20.0
    """Seconds in which a whole request must have come, from the first byte; also until the first one."""
    sending = 30.0
    """Seconds in which a caller must have read what it was sent, after it stopped reading."""
    _timer: asyncio.TimerHandle | None = None
    _stuck: asyncio.TimerHandle | None = None
    _network = ""
    """Whose connection it is; empty where it is not counted."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Somebody has connected."""
        super().connection_made(transport)
        idle = _idle(self.server_state)
        idle[self] = None
        self._network = self._network_of_caller()
        networks = _networks(self.server_state)
        if self._network:
            networks[self._network] += 1
        if networks[self._network] > self.most_of_network:
            # Its own that has waited longest; this one, if there is no other.
            self._drop(next(c for c in idle if c._network == self._network))
        elif len(self.connections) > self.most:
            self._drop(next(iter(idle)))
        if not self.transport.is_closing():
            self._expect_request()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection has ended."""
        self._forget()
        self._received()
        self.resume_writing()
        super().connection_lost(exc)
        self._unset_keepalive_if_required()

    def data_received(self, data: bytes) -> None:
        """Something came: a whole request, or a part that must not stay one."""
        while data:
            # The parser bounds a head only while it is incomplete: so one that comes at once is cut up.
            size = STEP if self.conn.their_state is h11.IDLE else len(data)
            super().data_received(data[:size])
            data = data[size:]
            if self.transport.is_closing():
                return
        if self.conn.their_state in (h11.IDLE, h11.SEND_BODY):
            self._expect_request()
        else:
            self._received()
            _idle(self.server_state).pop(self, None)

    def on_response_complete(self) -> None:
        """Everything was said; the caller may ask again."""
        super().on_response_complete()
        if not self.transport.is_closing() and self.conn.their_state is h11.IDLE:
            _idle(self.server_state)[self] = None

    def pause_writing(self) -> None:
        """The caller does not read as fast as we write."""
        super().pause_writing()
        if self._stuck is None:
            self._stuck = self.loop.call_later(self.sending, self.transport.abort)

    def resume_writing(self) -> None:
        """It has read."""
        super().resume_writing()
        if self._stuck is not None:
            self._stuck.cancel()
            self._stuck = None

    def timeout_keep_alive_handler(self) -> None:
        """Nothing was asked any more; what is not read by now is given up."""
        if self.transport.get_write_buffer_size():
            self.transport.abort()
        else:
            super().timeout_keep_alive_handler()

    def _network_of_caller(self) -> str:
        address = self.client[0] if self.client else ""
        ours = is_loopback(address) and not self.counts_this_machine
        return "" if address in self.trusted or ours or not address else network_of(address)

    @property
    def trusted(self) -> tuple[str, ...]:
        """Addresses of proxies, which bring the questions of many."""
        site: Site = self.app.state.site
        return site.config.publish.trusted_proxies

    def _drop(self, other: BoundedConnection) -> None:
        # At once: many may come before the loop tells it that this one is lost.
        self.connections.discard(other)
        other._forget()
        other.transport.abort()

    def _forget(self) -> None:
        _idle(self.server_state).pop(self, None)
        networks = _networks(self.server_state)
        if self._network:
            networks[self._network] -= 1
            if not networks[self._network]:
                del networks[self._network]
        self._network = ""

    def _expect_request(self) -> None:
        if self._timer is None:
            self._timer = self.loop.call_later(self.receiving, self.transport.abort)

    def _received(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _networks(state: Any) -> Counter[str]:
    """How many connections of this worker come from each network."""
    if not hasattr(state, "networks"):
        state.networks = Counter()
    found: Counter[str] = state.networks
    return found


def _idle(state: Any) -> OrderedDict[BoundedConnection, None]:
    """Connections of this worker on which nothing is being answered, the longest idle first."""
    if not hasattr(state, "idle"):
        state.idle = OrderedDict()
    found: OrderedDict[BoundedConnection, None] = state.idle
    return found

"""One connection to the site: so much of a request, in so much time, of so many callers, and no more.

The server underneath waits for ever for a caller that sends nothing, or reads nothing. Behind a proxy such
callers end there; this holds where there is none, and against a proxy that passes them on.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

MAX_HEAD = 16_384
"""Bytes of a request line with all header lines; beyond, 400 and the end."""
STEP = 4096
"""Bytes of a head that are parsed at a time."""
MAX_CONNECTIONS = 1000
"""Of one worker; beyond, the one that has been idle longest is closed."""


class BoundedConnection(H11Protocol):
    """A connection that ends when its caller is too slow, and gives way when there are too many."""

    most = MAX_CONNECTIONS
    receiving = 20.0
    """Seconds in which a whole request must have come, from the first byte; also until the first one."""
    sending = 30.0
    """Seconds in which a caller must have read what it was sent, after it stopped reading."""
    _timer: asyncio.TimerHandle | None = None
    _stuck: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Somebody has connected."""
        super().connection_made(transport)
        idle = _idle(self.server_state)
        idle[self] = None
        if len(self.connections) > self.most:
            oldest, _ = idle.popitem(last=False)
            # At once: many may come before the loop tells it that this one is lost.
            self.connections.discard(oldest)
            oldest.transport.abort()
        self._expect_request()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection has ended."""
        _idle(self.server_state).pop(self, None)
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

    def _expect_request(self) -> None:
        if self._timer is None:
            self._timer = self.loop.call_later(self.receiving, self.transport.abort)

    def _received(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _idle(state: Any) -> OrderedDict[BoundedConnection, None]:
    """Connections of this worker on which nothing is being answered, the longest idle first."""
    if not hasattr(state, "idle"):
        state.idle = OrderedDict()
    found: OrderedDict[BoundedConnection, None] = state.idle
    return found

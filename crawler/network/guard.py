"""The address check at the moment of connecting: one choke point for each client.

What is checked is the very address that is dialled, and no second look-up follows, so that a name
that answers differently the second time (DNS rebinding) gains nothing.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

from crawler.network.addresses import is_loopback, why_refused
from crawler.network.proxy import DIRECT, Proxies
from crawler.network.urls import check_url_text, refuse
from reservations.model import Reason

_DEFAULT_PORTS = {"http": 80, "https": 443}
_LOOK_AGAIN_AFTER = 30.0
"""Seconds between look-ups of the proxy's own name."""

Resolve = Callable[[str, int], Iterable[str]]


class UnsafeAddress(OSError):  # noqa: N818
    """A connection that was refused before its socket was opened."""

    reason = "security.address"


def unsafe_address_in(error: BaseException | None) -> UnsafeAddress | None:
    """The UnsafeAddress that an exception is, or that a client library wrapped in it."""
    for _ in range(16):
        if error is None or isinstance(error, UnsafeAddress):
            return error
        error = error.__cause__ or error.__context__
    return None


def resolve_blocking(host: str, port: int) -> tuple[str, ...]:
    """The addresses of a name, by the system's resolver; empty where there are none."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return ()
    return tuple(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


class AddressGuard:
    """Judges URLs by their text and connections by their address.

    Behind a proxy only the proxy's own endpoint is dialled, wherever it lies, and the proxy
    resolves the names: nothing can be pinned then, so the proxy has to block private ranges itself.
    """

    def __init__(
        self,
        *,
        allow_private: bool = False,
        proxies: Proxies = DIRECT,
        resolve: Resolve = resolve_blocking,
        ports: frozenset[int] = frozenset(),
    ) -> None:
        """`ports`: the only ones that are asked; empty: any."""
        self.allow_private = allow_private
        self.ports = ports
        self.proxies = proxies
        self._resolve = resolve
        self._proxy_addresses: frozenset[tuple[str, int]] = frozenset()
        self._look_again = 0.0

    def check_url(self, url: str) -> Reason | None:
        """Why a URL may not be requested, from its text alone; None where it may."""
        refused = check_url_text(url, allow_private=self.allow_private)
        if refused is not None or not self.ports:
            return refused
        parts = urlsplit(url)
        port = parts.port or _DEFAULT_PORTS[parts.scheme]
        return None if port in self.ports else refuse("url", f"port {port} is not asked here")

    def check(self, ip: str, port: int) -> None:
        """Raise UnsafeAddress unless this address and port may be dialled."""
        if self._is_proxy(ip, port):
            return
        why = why_refused(ip)
        if why and not (self.allow_private and why != "not an IP address"):
            raise UnsafeAddress(f"refused address {ip}: {why}")
        if self.proxies.exclusive and not is_loopback(ip):
            raise UnsafeAddress(f"refused address {ip}: only the proxy is dialled here")
        if self.ports and port not in self.ports:
            raise UnsafeAddress(f"refused address {ip}: port {port} is not asked here")

    def check_all(self, ips: Iterable[str], port: int) -> None:
        """Check every address of an answer: a name with a public and a private one is refused."""
        for ip in ips:
            self.check(ip, port)

    def socket_factory(self, info: tuple[Any, ...]) -> socket.socket:
        """A checked socket, for `aiohttp.TCPConnector(socket_factory=guard.socket_factory)`."""
        family, kind, proto, _, sockaddr = info
        self.check(sockaddr[0], sockaddr[1])
        made = socket.socket(family, kind, proto)
        made.setblocking(False)
        return made

    def _is_proxy(self, ip: str, port: int) -> bool:
        if not any(endpoint.port == port for endpoint in self.proxies.endpoints):
            return False
        if (ip, port) not in self._proxy_addresses and time.monotonic() >= self._look_again:
            self._look_again = time.monotonic() + _LOOK_AGAIN_AFTER
            self._proxy_addresses = frozenset(
                (found, e.port) for e in self.proxies.endpoints for found in self._resolve(e.host, e.port)
            )
        return (ip, port) in self._proxy_addresses


class GuardedReactor:
    """A Twisted reactor that checks each address it is told to dial.

    Knows nothing of Twisted; interfaces are provided through the attributes of the wrapped object.
    """

    def __init__(self, real: Any, guard: AddressGuard) -> None:
        self.__dict__.update(_real=real, _guard=guard)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def connectTCP(self, host: str, port: int, *args: Any, **kwargs: Any) -> Any:  # noqa: N802
        """Connect to an address that was resolved before; raises UnsafeAddress."""
        self._guard.check(host, port)
        return self._real.connectTCP(host, port, *args, **kwargs)

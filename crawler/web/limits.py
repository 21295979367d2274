"""How often one network may ask: by /24 and /56, counted over all workers, and no address written down."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from ipaddress import IPv6Address, ip_address, ip_network

from crawler.store.limits import LimitError, Limits, Rate

__all__ = ["LimitError", "Limiter", "Rate", "network_of"]


class Limiter:
    """Counts questions by kind and network."""

    def __init__(
        self, rates: Mapping[str, tuple[Rate, ...]], limits: Limits, now: Callable[[], float]
    ) -> None:
        """`now` gives seconds since 1970: processes compare them."""
        self.rates = rates
        self._limits = limits
        self._now = now

    def wait(self, kind: str, address: str) -> int:
        """Seconds to wait before this question; 0: it counts, and may be answered. Raises LimitError."""
        return self.wait_for(kind, network_of(address))

    def wait_for(self, kind: str, subject: str) -> int:
        """The same for something that is not asked by, but about: a host. Raises LimitError."""
        return self._limits.take(f"{kind} {subject}", self.rates[kind], self._now())

    def forget(self) -> None:
        """Delete what no longer limits anybody. Raises LimitError."""
        self._limits.forget(self._now())

    def close(self) -> None:
        """Let the memory go."""
        self._limits.close()


def network_of(address: str) -> str:
    """The network an address counts for: /24 of IPv4, /56 of IPv6."""
    try:
        ip = ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(ip, IPv6Address):
        if ip.ipv4_mapped is not None:
            return network_of(str(ip.ipv4_mapped))
        return str(ip_network((int(ip), 56), strict=False))
    return str(ip_network((int(ip), 24), strict=False))

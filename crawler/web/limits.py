"""How often one network may ask: token buckets in memory, by /24 and /56, never written anywhere."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network
from math import ceil

MAX_NETWORKS = 50_000
"""Networks remembered; beyond, the one that was seen longest ago is forgotten."""


@dataclass(frozen=True, slots=True)
class Rate:
    """So many questions in so many seconds, all of which may come at once."""

    questions: int
    seconds: float


class Limiter:
    """Counts questions by kind and network."""

    def __init__(self, rates: dict[str, tuple[Rate, ...]], now: Callable[[], float]) -> None:
        self.rates = rates
        self._now = now
        self._lock = threading.Lock()
        self._buckets: OrderedDict[tuple[str, str, int], tuple[float, float]] = OrderedDict()

    def wait(self, kind: str, address: str) -> int:
        """Seconds to wait before this question; 0: it counts, and may be answered."""
        keys = [(kind, network_of(address), index) for index in range(len(self.rates[kind]))]
        with self._lock:
            levels = [self._level(key, rate) for key, rate in zip(keys, self.rates[kind], strict=True)]
            waits = [
                (1 - level) * rate.seconds / rate.questions
                for level, rate in zip(levels, self.rates[kind], strict=True)
                if level < 1
            ]
            if waits:
                return max(1, ceil(max(waits)))
            for key, level in zip(keys, levels, strict=True):
                self._buckets[key] = (level - 1, self._now())
                self._buckets.move_to_end(key)
            while len(self._buckets) > MAX_NETWORKS:
                self._buckets.popitem(last=False)
        return 0

    def _level(self, key: tuple[str, str, int], rate: Rate) -> float:
        level, when = self._buckets.get(key, (float(rate.questions), self._now()))
        return min(rate.questions, level + (self._now() - when) * rate.questions / rate.seconds)


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

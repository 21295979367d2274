"""The one place for address checks, proxy, bounds and identity on the wire.

The Scrapy download handler and the evidence client both go through it; nothing else opens sockets.
"""

from crawler.network.addresses import is_public, why_refused
from crawler.network.client import Answer, Client, NetworkError
from crawler.network.guard import AddressGuard, GuardedReactor, UnsafeAddress, unsafe_address_in
from crawler.network.identity_headers import ACCEPT_ANY, STRIPPED, identity_headers
from crawler.network.proxy import DIRECT, Proxies, ProxyEndpoint, read_proxies

__all__ = [
    "ACCEPT_ANY",
    "DIRECT",
    "STRIPPED",
    "AddressGuard",
    "Answer",
    "Client",
    "GuardedReactor",
    "NetworkError",
    "Proxies",
    "ProxyEndpoint",
    "UnsafeAddress",
    "identity_headers",
    "is_public",
    "read_proxies",
    "unsafe_address_in",
    "why_refused",
]

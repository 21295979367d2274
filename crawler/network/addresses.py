"""Which addresses a crawler of the public web may talk to. Pure data and one look-up.

The table is the IANA special-purpose registries plus the forms that smuggle an IPv4 address into an
IPv6 one. `ipaddress.is_global` is not enough: Python 3.11 calls `64:ff9b::7f00:1`, `2002:7f00:1::`
and `224.0.0.1` global. Registries:
https://www.iana.org/assignments/iana-ipv4-special-registry
https://www.iana.org/assignments/iana-ipv6-special-registry
"""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

REFUSED: tuple[tuple[str, str, str], ...] = (
    # network, what it is, where that is written; the first row that holds the address names it
    ("0.0.0.0/32", "unspecified", "RFC 1122 section 3.2.1.3"),
    ("0.0.0.0/8", "this network", "RFC 791 section 3.2"),
    ("10.0.0.0/8", "private", "RFC 1918"),
    ("100.64.0.0/10", "carrier-grade NAT", "RFC 6598"),
    ("127.0.0.0/8", "loopback", "RFC 1122 section 3.2.1.3"),
    ("168.63.129.16/32", "Azure host services", "learn.microsoft.com/azure/virtual-network"),
    ("169.254.0.0/16", "link-local", "RFC 3927"),
    ("172.16.0.0/12", "private", "RFC 1918"),
    ("192.0.0.0/24", "IETF protocol assignments", "RFC 6890 section 2.1"),
    ("192.0.2.0/24", "documentation", "RFC 5737"),
    ("192.88.99.0/24", "6to4 relay anycast", "RFC 7526"),
    ("192.168.0.0/16", "private", "RFC 1918"),
    ("198.18.0.0/15", "benchmarking", "RFC 2544"),
    ("198.51.100.0/24", "documentation", "RFC 5737"),
    ("203.0.113.0/24", "documentation", "RFC 5737"),
    ("224.0.0.0/4", "multicast", "RFC 5771"),
    ("255.255.255.255/32", "broadcast", "RFC 919"),
    ("240.0.0.0/4", "reserved", "RFC 1112 section 4"),
    ("::/128", "unspecified", "RFC 4291 section 2.5.2"),
    ("::1/128", "loopback", "RFC 4291 section 2.5.3"),
    ("::/96", "IPv4-compatible", "RFC 4291 section 2.5.5.1"),
    ("::ffff:0:0:0/96", "IPv4-translated", "RFC 7915 section 4.1"),
    ("64:ff9b::/96", "NAT64", "RFC 6052"),
    ("64:ff9b:1::/48", "NAT64, local use", "RFC 8215"),
    ("100::/64", "discard only", "RFC 6666"),
    ("2001::/32", "Teredo", "RFC 4380"),
    ("2001:2::/48", "benchmarking", "RFC 5180"),
    ("2001:10::/28", "ORCHID", "RFC 4843"),
    ("2001:20::/28", "ORCHIDv2", "RFC 7343"),
    ("2001::/23", "IETF protocol assignments", "RFC 2928"),
    ("2001:db8::/32", "documentation", "RFC 3849"),
    ("2002::/16", "6to4", "RFC 3056"),
    ("3fff::/20", "documentation", "RFC 9637"),
    ("5f00::/16", "segment routing identifiers", "RFC 9602"),
    ("fc00::/7", "unique local", "RFC 4193"),
    ("fe80::/10", "link-local", "RFC 4291 section 2.5.6"),
    ("fec0::/10", "site-local", "RFC 3879"),
    ("ff00::/8", "multicast", "RFC 4291 section 2.7"),
)

_TABLE = tuple((ip_network(network), f"{what} ({source})") for network, what, source in REFUSED)
_GLOBAL_UNICAST = IPv6Network("2000::/3")


def is_public(ip: str) -> bool:
    """Whether the address is one that anybody on the public internet can have."""
    return why_refused(ip) is None


@lru_cache(maxsize=8192)
def why_refused(ip: str) -> str | None:
    """What the address is, if it is none of the public internet; None for a public one.

    An IPv4-mapped address is judged by the IPv4 address in it, since that is what is dialled.
    """
    try:
        address: IPv4Address | IPv6Address = ip_address(ip)
    except ValueError:
        return "not an IP address"
    if isinstance(address, IPv6Address):
        if address.scope_id is not None:
            return "an address with a zone (RFC 4007 section 11)"
        if address.ipv4_mapped is not None:
            address = address.ipv4_mapped
    return _row_of(address)


def _row_of(address: IPv4Address | IPv6Address) -> str | None:
    for network, row in _TABLE:
        if address.version == network.version and address in network:
            return row
    if isinstance(address, IPv6Address) and address not in _GLOBAL_UNICAST:
        return "reserved by the IETF (RFC 4291 section 2.4)"
    return None


def is_loopback(ip: str) -> bool:
    """Whether the address is this very machine's loopback."""
    return (why_refused(ip) or "").startswith("loopback")

"""One normal form for host names, so that a list and a URL that mean the same host spell it the same.

The form is what a browser would put in its address bar, by the URL Standard's host parser
(https://url.spec.whatwg.org/#host-parsing): UTS 46 non-transitional to A-labels, lower case, addresses
in their shortest form. It adds what lists need: no dots at the ends, IPv6 without brackets, and an
IPv4-mapped IPv6 address written as the IPv4 address it reaches.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from functools import cache, lru_cache
from urllib.parse import unquote

import idna
import tldextract

CACHED_HOSTS = 65_536
MAX_AUTHORITY = 2_048
"""Longer text in the place of a host is none: a DNS name has at most 253 characters, 759 escaped."""
MAX_HOST = 253
MAX_LABEL = 63

RESERVED_SUFFIXES = frozenset(
    {"localhost", "localdomain", "local", "internal", "example", "invalid", "test", "home.arpa"}
)
"""Names that never lead to a public site: RFC 2606, 6761, 6762, 8375, and ICANN's `.internal`."""

_FORBIDDEN = frozenset(map(chr, range(0x21))) | frozenset("\x7f#%/:<>?@[\\]^|")
# https://url.spec.whatwg.org/#forbidden-domain-code-point
DROPPED = str.maketrans("", "", "\t\n\r")
"""Characters a URL may hold anywhere and means nothing by."""


def canonical_host(text: str) -> str | None:
    """The normal form of the host in a host name, a `host:port` or a URL; None where there is none.

    Idempotent: `canonical_host(canonical_host(x)) == canonical_host(x)`.
    """
    authority = split_url(text)[0]
    return _canonical(authority) if len(authority) <= MAX_AUTHORITY else None


def is_ip(host: str) -> bool:
    """Whether a host in normal form is an IP address."""
    return ":" in host or (host[-1:].isdigit() and _ends_in_a_number(host))


def is_reserved(host: str) -> bool:
    """Whether a host in normal form can never be a public site, by its name or its address."""
    if is_ip(host):
        return not ipaddress.ip_address(host).is_global
    return any(name in RESERVED_SUFFIXES for name in (host, *parents(host)))


def parents(host: str) -> Iterator[str]:
    """The names above a host, nearest first, down to its last label; none for an address."""
    if ":" in host:
        return
    dot = host.find(".")
    while dot != -1:
        yield host[dot + 1 :]
        dot = host.find(".", dot + 1)


@lru_cache(maxsize=CACHED_HOSTS)
def registrable_domain(host: str, *, private: bool = True) -> str | None:
    """The name somebody registered that this host lies under; None for suffixes and addresses.

    `private` counts suffixes companies run for their customers (`github.io`) as suffixes too.
    """
    name = canonical_host(host)
    if name is None or is_ip(name):
        return None
    found = _suffixes().extract_str(name, include_psl_private_domains=private)
    if found.suffix:
        return f"{found.domain}.{found.suffix}" if found.domain else None
    # The list's implicit rule `*`: a last label it does not know is a suffix. tldextract leaves
    # that out (https://github.com/publicsuffix/list/wiki/Format#algorithm, step 2).
    labels = name.split(".")
    return ".".join(labels[-2:]) if len(labels) > 1 else None


def has_known_suffix(host: str) -> bool:
    """Whether a host in normal form ends in a suffix of the Public Suffix List and is more than that."""
    found = _suffixes().extract_str(host)
    return bool(found.suffix and found.domain)


@lru_cache(maxsize=CACHED_HOSTS)
def is_public_suffix(host: str, *, private: bool = True) -> bool:
    """Whether unrelated people register names directly below this one, or it is a single label."""
    name = canonical_host(host)
    return name is not None and not is_ip(name) and registrable_domain(name, private=private) is None


def split_url(text: str) -> tuple[str, str]:
    """What holds the host in a URL or a loose `host:port`, without user information; and what follows.

    What follows is empty or starts with `/`, `\\`, `?` or `#`.
    """
    # The usual cases first: a bare name, and the URL of a crawl. A list has a million of them.
    if _is_plain(text):
        return text, ""
    if text.startswith("https://"):
        end = text.find("/", 8)
        authority, rest = (text[8:], "") if end == -1 else (text[8:end], text[end:])
        if _is_plain(authority):
            return authority, rest
    text = text.translate(DROPPED).strip()
    head, separator, rest = text.partition("://")
    if separator and head.isascii() and head.replace("+", "").replace("-", "").replace(".", "").isalnum():
        text = rest.lstrip("/\\") if head.lower() in ("http", "https") else rest
    elif text[:5].lower() == "http:" or text[:6].lower() == "https:":
        # Browsers read `http:host` and `http:\\host` as `http://host`.
        text = text.partition(":")[2].lstrip("/\\")
    else:
        text = text.lstrip("/\\")
    end = min((at for at in map(text.find, "/\\?#") if at != -1), default=len(text))
    return text[:end].rpartition("@")[2], text[end:]


def _is_plain(text: str) -> bool:
    return text.replace("-", "").replace(".", "").isalnum()


@lru_cache(maxsize=CACHED_HOSTS)
def _canonical(authority: str) -> str | None:
    host = _without_port(authority)
    if host is None:
        return None
    if ":" in host:
        return _ipv6(host)
    if "%" in host:
        host = unquote(host, errors="replace")
    if not host.isascii():
        try:
            # Remaps ideographic and full-width dots to `.`, so it runs before labels are split.
            host = idna.uts46_remap(host, std3_rules=False, transitional=False)
        except (idna.IDNAError, UnicodeError):
            return None
    name = host.lower().strip(".")
    if not name or not _FORBIDDEN.isdisjoint(name):
        return None
    if _ends_in_a_number(name):
        return _ipv4(name)
    return name if name.isascii() and _has_dns_lengths(name) else _with_a_labels(name)


def _without_port(authority: str) -> str | None:
    if authority.startswith("["):
        inside, bracket, port = authority[1:].partition("]")
        return inside if bracket and (not port or _is_port(port)) and ":" in inside else None
    if authority.count(":") > 1:
        return authority
    host, colon, port = authority.partition(":")
    return host if _is_port(colon + port) or not colon else None


def _is_port(text: str) -> bool:
    return text.startswith(":") and (len(text) == 1 or (text.isascii() and text[1:].isdigit()))


def _has_dns_lengths(name: str) -> bool:
    return len(name) <= MAX_HOST and all(0 < len(label) <= MAX_LABEL for label in name.split("."))


def _with_a_labels(name: str) -> str | None:
    """Encode without IDNA 2008's checks: browsers visit names it disallows, such as emoji ones."""
    try:
        labels = [label if label.isascii() else f"xn--{_punycode(label)}" for label in name.split(".")]
    except UnicodeError:
        return None
    encoded = ".".join(labels)
    return encoded if _has_dns_lengths(encoded) else None


def _punycode(label: str) -> str:
    return label.encode("punycode").decode("ascii")


def _ipv6(text: str) -> str | None:
    try:
        address = ipaddress.IPv6Address(text)
    except ValueError:
        return None
    if address.scope_id is not None:
        return None
    return str(address.ipv4_mapped or address)


def _ends_in_a_number(name: str) -> bool:
    """https://url.spec.whatwg.org/#ends-in-a-number-checker: then it is an IPv4 address or nothing."""
    last = name.rpartition(".")[2]
    return last.isascii() and (last.isdigit() or (last.startswith("0x") and _number(last) is not None))


def _ipv4(name: str) -> str | None:
    """IPv4 as `inet_aton` reads it: 1 to 4 parts, each decimal, octal or hexadecimal."""
    numbers = [_number(part) for part in name.split(".")]
    if not 1 <= len(numbers) <= 4:
        return None
    address = 0
    for position, number in enumerate(numbers):
        last = position == len(numbers) - 1
        limit = 256 ** (5 - len(numbers)) if last else 256
        if number is None or number >= limit:
            return None
        address += number if last else number * 256 ** (3 - position)
    return str(ipaddress.IPv4Address(address))


def _number(part: str) -> int | None:
    if not part.isascii() or not part.isalnum() or len(part) > 32:
        return None
    try:
        if part.startswith("0x"):
            return int(part[2:] or "0", 16)
        return int(part, 8 if part.startswith("0") else 10)
    except ValueError:
        return None


@cache
def _suffixes() -> tldextract.TLDExtract:
    # Only the bundled list: the default would fetch one and write a cache in the home folder.
    return tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)
